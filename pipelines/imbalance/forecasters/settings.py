"""Hyperparameters of every kind of forecaster."""

from dataclasses import dataclass

__all__ = ["BoostingSettings", "LSTMSettings", "PersistenceSettings", "RidgeSettings"]


@dataclass(frozen=True)
class PersistenceSettings:
    """Hyperparameters of the persistence rules, which have none."""


@dataclass(frozen=True)
class RidgeSettings:
    """Hyperparameters of the ridge regression.

    Attributes:
        alpha: Weight of the squared coefficients of scaled columns, per unit of training weight.
    """

    alpha: float = 0.2


@dataclass(frozen=True)
class BoostingSettings:
    """Hyperparameters of gradient boosting.

    Attributes:
        max_iter: Number of trees.
        learning_rate: Share of each tree that is added.
        max_leaf_nodes: Leaves of a tree at most.
        min_samples_leaf: Forecast steps in a leaf at least; they overlap much, so many are needed.
        max_features: Share of the features, drawn again for every split.
        windows: Origins to learn from at most, drawn at random.
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
        hidden_dim: Units of a network.
        dropout: Share of inputs and hidden units left out in training.
        ridge_alpha: Weight of the squared coefficients of the linear highway; see `RidgeSettings`.
        windows: Origins to learn from, and to validate with, at most, drawn at random.
        epochs: Epochs to train at most; the learning rate's single cycle spans them all.
        patience: Epochs without a better validation loss after which training stops, or None.
        batch_size: Windows in a step.
        learning_rate: Peak of the cycle.
        weight_decay: AdamW's decay.
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
