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
        penalty: Weight of the squared coefficients of scaled columns, per unit of training weight.
    """

    penalty: float = 0.2


@dataclass(frozen=True)
class BoostingSettings:
    """Hyperparameters of gradient boosting.

    Attributes:
        trees: Number of trees.
        learning_rate: Share of each tree that is added.
        leaves: Leaves of a tree at most.
        samples_per_leaf: Forecast steps in a leaf at least; they overlap much, so many are needed.
        features_per_split: Share of the features, drawn again for every split.
        windows: Origins to learn from at most, drawn at random.
    """

    trees: int = 150
    learning_rate: float = 0.05
    leaves: int = 8
    samples_per_leaf: int = 1000
    features_per_split: float = 0.3
    windows: int = 4000


@dataclass(frozen=True)
class LSTMSettings:
    """Hyperparameters of an ensemble of LSTMs.

    Attributes:
        hidden: Units of a network.
        dropout: Share of inputs and hidden units left out in training.
        penalty: Weight of the squared coefficients of the linear highway; see `RidgeSettings`.
        windows: Origins to learn from, and to validate with, at most, drawn at random.
        epochs: Epochs to train at most; the learning rate's single cycle spans them all.
        patience: Epochs without a better validation loss after which training stops, or None.
        batch_size: Windows in a step.
        learning_rate: Peak of the cycle.
        weight_decay: AdamW's decay.
        networks: Number of networks, whose mean is the forecast.
    """

    hidden: int = 32
    dropout: float = 0.5
    penalty: float = 0.2
    windows: int = 8000
    epochs: int = 10
    patience: int | None = 6
    batch_size: int = 512
    learning_rate: float = 0.004
    weight_decay: float = 0.01
    networks: int = 3
