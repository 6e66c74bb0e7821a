"""Metrics of the networks that classify figures."""

from stages.outputs.metrics import Metric

ACCURACY_CI_LOW = Metric(
    "accuracy_ci_low",
    "accuracy, CI low",
    ".1%",
    better="higher",
    # Test splits hold from 5 to 9,000 figures: 5 of 5 are worth less than 8,990 of 9,000.
    note="lower end of the 95 % confidence interval of the accuracy",
)
CROSS_ENTROPY = Metric(
    "cross_entropy", "cross-entropy", ".3f", "nats", "lower", "on the test figures"
)
METRICS = (
    Metric("accuracy", "accuracy", ".1%", better="higher", note="on the test figures"),
    ACCURACY_CI_LOW,
    CROSS_ENTROPY,
    Metric(
        "loss",
        "loss",
        ".3f",
        note="test value of the model's own loss function; not comparable between models",
    ),
)
