"""The metrics by which forecasters are compared."""

from stages.outputs.metrics import Metric

RMSE = Metric("rmse", "RMSE", ".2f", "MW", "lower", "root mean squared error; it ranks")
CRPS = Metric(
    "crps",
    "CRPS",
    ".2f",
    "MW",
    "lower",
    "continuous ranked probability score, which evaluates the intervals",
)
METRICS = (
    RMSE,
    Metric(
        "rmse_low",
        "from",
        ".1f",
        "MW",
        note="lower end of the 95 % interval of the RMSE, by a bootstrap of whole days",
    ),
    Metric("rmse_high", "to", ".1f", "MW", note="upper end of that interval"),
    Metric("mae", "MAE", ".2f", "MW", "lower", "mean absolute error"),
    CRPS,
    Metric(
        "skill",
        "skill",
        ".1%",
        better="higher",
        note="share of persistence's RMSE that the forecaster avoids",
    ),
    Metric("coverage_80", "in 80 %", ".1%", note="share of measurements in the 80 % interval"),
    Metric("coverage_90", "in 90 %", ".1%", note="share of measurements in the 90 % interval"),
    Metric(
        "diebold_mariano",
        "Diebold–Mariano",
        ".1f",
        note="statistic of the test against `imbalance.reference`; negative: the variant is better",
        in_summary=False,
    ),
    Metric(
        "p_value",
        "p",
        "p",
        note="probability of so large a difference from `imbalance.reference` by chance",
        in_summary=False,
    ),
)
