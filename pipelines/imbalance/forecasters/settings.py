"""Hyperparameters of the kinds of forecasters."""

from dataclasses import dataclass

__all__ = ["BoostingSettings", "LSTMSettings", "PersistenceSettings", "RidgeSettings"]


@dataclass(frozen=True)
class PersistenceSettings:
    """Hyperparameters of persistence forecasts: none."""


@dataclass(frozen=True)
class RidgeSettings:
    """Hyperparameters of the ridge regression.

    Attributes:
        alpha: Penalty on the squared coefficients of scaled columns, per unit of training weight.
    """

    alpha: float = 0.2


@dataclass(frozen=True)
class BoostingSettings:
    """Hyperparameters of gradient boosting.

    Attributes:
        max_iter: Number of trees.
        learning_rate: Factor on the prediction of each tree.
        max_leaf_nodes: Maximum number of leaves of a tree.
        min_samples_leaf: Minimum number of samples (forecast steps) in a leaf. It is large because
            neighbouring samples overlap.
        max_features: Fraction of the features drawn for each split of a tree.
        windows: Maximum number of training origins, drawn at random.
    """

    max_iter: int = 150
    learning_rate: float = 0.05
    max_leaf_nodes: int = 8
    min_samples_leaf: int = 1000
    max_features: float = 0.3
    windows: int = 4000


@dataclass(frozen=True)
class LSTMSettings:
    """Hyperparameters of an ensemble of LSTMs.

    Attributes:
        hidden_dim: Number of hidden units of a network.
        dropout: Probability of dropping an input or a hidden unit in training.
        ridge_alpha: Penalty of the linear highway; see `RidgeSettings.alpha`.
        windows: Maximum number of training origins, and of validation origins, drawn at random.
        epochs: Maximum number of epochs, and length of the learning-rate cycle.
        patience: Number of epochs without a lower validation loss after which training stops, or
            None to disable early stopping.
        batch_size: Number of windows per step.
        learning_rate: Peak learning rate of the cycle.
        weight_decay: Weight decay of AdamW.
        ensemble_size: Number of networks, whose mean is the forecast.
    """

    hidden_dim: int = 32
    dropout: float = 0.5
    ridge_alpha: float = 0.2
    windows: int = 8000
    epochs: int = 10
    patience: int | None = 6
    batch_size: int = 512
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    ensemble_size: int = 3
