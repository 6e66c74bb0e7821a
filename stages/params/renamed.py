"""Former names of parameters. The error message gives the present name."""

import re

#: Former path of a parameter as a regular expression, and its present name.
_RENAMED = (
    (r"figures\.networks", "models"),
    (r"digits\.autoencoders", "models"),
    (r"imbalance\.variants", "models"),
    (r"imbalance\.reference", "baseline"),
    (r"digits\.models\.\w+\.missing", "held_out_digit"),
    (r"digits\.models\.\w+\.pixels", "binarization, one of dynamic, threshold, none"),
    (r"digits\.models\.\w+\.architecture\.channels", "in_channels"),
    (r"digits\.models\.\w+\.architecture\.latent", "latent_dim"),
    (r"digits\.models\.\w+\.architecture\.hidden", "hidden_dim"),
    (r"digits\.evaluation\.tolerance_mono", "confidence_threshold.single"),
    (r"digits\.evaluation\.tolerance_stacked", "confidence_threshold.stacked"),
    (r"imbalance\.models\.\w+\.hidden", "hidden_dim"),
    (r"imbalance\.models\.\w+\.networks", "ensemble_size"),
    (r"imbalance\.models\.\w+\.penalty", "alpha of a ridge, ridge_alpha of an lstm"),
    (r"imbalance\.models\.\w+\.trees", "max_iter"),
    (r"imbalance\.models\.\w+\.leaves", "max_leaf_nodes"),
    (r"imbalance\.models\.\w+\.samples_per_leaf", "min_samples_leaf"),
    (r"imbalance\.models\.\w+\.features_per_split", "max_features"),
    (r"\w+\.models\.\w+\.early_stopping", "patience"),
)


def present_name(parameter: str) -> str:
    """Return the present name of a renamed parameter, or an empty string.

    Example:
        >>> present_name("imbalance.models.lstm.hidden")
        'hidden_dim'
    """
    return next((name for former, name in _RENAMED if re.fullmatch(former, parameter)), "")
