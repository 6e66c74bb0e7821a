"""Metrics of the forecasters."""

from stages.outputs.metrics import Metric

RMSE = Metric("rmse", "RMSE", ".2f", "MW", "lower", "root mean squared error")
CRPS = Metric(
    "crps",
    "CRPS",
    ".2f",
    "MW",
    "lower",
    "continuous ranked probability score of the intervals",
)
METRICS = (
    RMSE,
    Metric(
        "rmse_ci_low",
        "RMSE, CI low",
        ".1f",
        "MW",
        note="lower end of its 95 % confidence interval, from a bootstrap of days",
    ),
    Metric("rmse_ci_high", "RMSE, CI high", ".1f", "MW", note="upper end of that interval"),
    Metric("mae", "MAE", ".2f", "MW", "lower", "mean absolute error"),
    CRPS,
    Metric(
        "skill",
        "skill score",
        ".1%",
        better="higher",
        note="1 − RMSE / RMSE of persistence",
    ),
    Metric(
        "coverage_80", "coverage, 80 %", ".1%", note="share of measurements in the 80 % interval"
    ),
    Metric(
        "coverage_90", "coverage, 90 %", ".1%", note="share of measurements in the 90 % interval"
    ),
    Metric(
        "diebold_mariano",
        "Diebold–Mariano",
        ".1f",
        note="test statistic against imbalance.baseline; negative: smaller errors than it",
        in_summary=False,
    ),
    Metric(
        "p_value",
        "p-value",
        "p",
        note="of the Diebold–Mariano test against imbalance.baseline",
        in_summary=False,
    ),
)
