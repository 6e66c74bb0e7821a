"""The metrics by which networks are compared."""

from stages.outputs.metrics import Metric

ACCURACY_LOW = Metric(
    "accuracy_low",
    "accuracy, lower bound",
    ".1%",
    better="higher",
    # Test parts hold from 5 to 9,000 figures: 5 of 5 are worth less than 8,990 of 9,000.
    note="lower end of the 95 % confidence interval of the test accuracy; it ranks",
)
CROSS_ENTROPY = Metric("cross_entropy", "cross-entropy", ".3f", "nats", "lower")
METRICS = (
    Metric("accuracy", "accuracy", ".1%", better="higher", note="on the test figures"),
    ACCURACY_LOW,
    CROSS_ENTROPY,
    Metric(
        "loss",
        "loss",
        ".3f",
        note="the loss that training minimises, so it does not compare between variants",
    ),
)
