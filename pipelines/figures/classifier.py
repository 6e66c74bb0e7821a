"""The NumPy network as a scikit-learn classifier."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_consistent_length,
    check_is_fitted,
    validate_data,
)

from pipelines.figures.hyperparameters import (
    check_hyperparameters,
    check_shapes,
    initialization_per_layer,
)
from pipelines.figures.network import Activation, Dense, Layer, Network
from pipelines.figures.network.initialization import Initialization
from pipelines.figures.network.optimizers import OPTIMIZERS, SCHEDULES, Optimizer
from pipelines.figures.network.regularization import PENALTIES
from pipelines.figures.saving import SavedInFolder
from pipelines.figures.training import Examples, OnEpoch, Scores, Trainer, evaluate, hold_out
from pipelines.progress import progress_bar

__all__ = ["NetworkClassifier"]

Data = tuple[ArrayLike, ArrayLike]


class NetworkClassifier(SavedInFolder, ClassifierMixin, BaseEstimator):
    """A feed-forward network classifier, trained by gradient descent.

    Each epoch visits every example once, in a new random order. The network has one output per
    class and predicts the class of the largest output.

    Args:
        layers: Hidden layers; `()` for none. A pair (width, activation) is a dense layer. All
            layers of `pipelines.figures.network` are accepted as well, such as `Conv2d(8, 5)`,
            `MaxPool2d(2)`, `Activation("relu")` and `Dropout(0.5)`. Activations are "identity",
            "relu", "leaky_relu", "sigmoid", "tanh", "gelu" and "softmax".
        output: Activation of the output layer.
        softmax: Whether to add a softmax layer, which has no weights, after the output layer.
        loss: "mean_squared_error" or "binary_cross_entropy", both averaged over examples and
            outputs, or "categorical_cross_entropy", averaged over examples.
        optimizer: "sgd", "adam" or "adamw".
        learning_rate: Initial or, for a schedule with warm-up, peak learning rate.
        schedule: Learning-rate schedule: "constant", "cosine" or "one_cycle".
        momentum: Momentum of "sgd", at least 0 and below 1.
        weight_decay: Decoupled weight decay of "adamw".
        clip_norm: Maximum norm of a gradient; longer gradients are scaled down. None disables
            clipping.
        epochs: Maximum number of epochs.
        batch_size: Number of examples per update; None for all examples.
        regularization: Penalty on the weights, but not on the biases: "l1" (rate Σ|w|), "l2"
            (rate/2 Σ w²) or None.
        regularization_rate: Rate of the penalty.
        initialization: "glorot", "he", or a positive number r for weights drawn uniformly between
            -r and r. A sequence has one of these for each layer with weights.
        patience: Number of epochs without a lower validation loss after which training stops and
            restores the best parameters. None trains all epochs and keeps the last parameters.
        validation_fraction: Fraction of the examples of each class held out for early stopping if
            `fit` gets no validation data.
        image_shape: Height, width and channels of an example; required by layers for images.
        warm_start: Whether `fit` continues from the parameters of the previous call.
        dtype: Type of all computations, "float32" or "float64".
        random_state: Seed of the initial weights, the shuffling and the held-out examples.
        verbose: Whether to show a progress bar on a terminal.

    Attributes:
        classes_: Sorted class labels `[classes]`.
        n_features_in_: Number of features.
        network_: The trained `Network`.
        history_: One row per epoch, with "epoch", "train/loss", "train/accuracy" and, if such data
            are given, the same two metrics of "validation" and "test". Training metrics are over
            the batches of the epoch, each before its update. Losses exclude the penalty.
        loss_curve_: "train/loss" of each epoch.
        n_iter_: Number of epochs trained.
        best_epoch_: Epoch (from 1) whose parameters were kept.

    Example:
        >>> X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
        >>> classifier = NetworkClassifier(layers=[(8, "tanh")], learning_rate=0.1, random_state=0)
        >>> classifier.fit(X, ["same", "different", "different", "same"]).predict([[0, 1], [1, 1]])
        array(['different', 'same'], dtype='<U9')
    """

    def __init__(
        self,
        layers: Sequence[tuple[int, str] | Layer] = ((20, "relu"), (10, "tanh")),
        output: str = "softmax",
        softmax: bool = False,
        loss: str = "categorical_cross_entropy",
        optimizer: str = "adam",
        learning_rate: float = 0.01,
        schedule: str = "constant",
        momentum: float = 0.0,
        weight_decay: float = 0.01,
        clip_norm: float | None = None,
        epochs: int = 100,
        batch_size: int | None = 32,
        regularization: str | None = None,
        regularization_rate: float = 0.001,
        initialization: Initialization | Sequence[Initialization] = "glorot",
        patience: int | None = None,
        validation_fraction: float = 0.1,
        image_shape: tuple[int, int, int] | None = None,
        warm_start: bool = False,
        dtype: str = "float32",
        random_state: int | np.random.Generator | None = None,
        verbose: bool = False,
    ) -> None:
        self.layers = layers
        self.output = output
        self.softmax = softmax
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.clip_norm = clip_norm
        self.epochs = epochs
        self.batch_size = batch_size
        self.regularization = regularization
        self.regularization_rate = regularization_rate
        self.initialization = initialization
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.image_shape = image_shape
        self.warm_start = warm_start
        self.dtype = dtype
        self.random_state = random_state
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        validation: Data | None = None,
        test: Data | None = None,
        on_epoch: OnEpoch | None = None,
    ) -> Self:
        """Train the network, from new initial weights unless `warm_start` is set.

        Args:
            X: Features `[examples, features]`. Features of type uint8 are converted per batch.
            y: Classes `[examples]`.
            sample_weight: Weights of the examples' losses `[examples]`; only their ratios matter.
            validation: Features and classes to score after each epoch and use for early stopping.
            test: Features and classes to score after each epoch.
            on_epoch: Function called after each epoch with its number (from 1) and its row of
                `history_`.

        Returns:
            The fitted classifier.

        Raises:
            ValueError: If a parameter or the data are invalid, or training diverges.
        """
        warm = self.warm_start and hasattr(self, "network_")
        examples, classes = self._check(X, y, sample_weight, self.classes_ if warm else None, warm)
        watched = {
            name: self._examples(*data, classes)
            for name, data in {"validation": validation, "test": test}.items()
            if data is not None
        }
        rng = np.random.default_rng(self.random_state)
        if self.patience is not None and validation is None:
            examples, watched["validation"] = hold_out(examples, self.validation_fraction, rng)
        self._start(classes, rng, new=not warm)
        rate, factor = float(self.learning_rate), SCHEDULES[self.schedule]
        with progress_bar("epoch", self.epochs) if self.verbose else nullcontext() as show:
            listeners = (on_epoch, show and _progress_listener(show))
            self.history_ = self._trainer.train(
                examples,
                epochs=self.epochs,
                batch_size=self.batch_size or len(examples.X),
                learning_rate=lambda progress: rate * factor(progress),
                watched=watched,
                patience=self.patience,
                listeners=[listener for listener in listeners if listener],
            )
        self._trainer.plans.clear()
        return self

    def partial_fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        classes: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Train one epoch on the given examples, at a constant learning rate.

        Args:
            X: Features `[examples, features]`.
            y: Classes `[examples]`.
            classes: All classes; required in the first call.
            sample_weight: Weights of the examples' losses `[examples]`.

        Returns:
            The fitted classifier.

        Raises:
            ValueError: If a parameter or the data are invalid, or training diverges.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("classes=None: expected all classes in the first call of partial_fit")
        all_classes = np.unique(classes) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), all_classes):
            raise ValueError(
                f"classes={classes!r}: expected those of the first call, {all_classes}"
            )
        examples, _ = self._check(X, y, sample_weight, all_classes, not first)
        if getattr(self, "_trained_with", None) != self.get_params():
            self._start(all_classes, np.random.default_rng(self.random_state), new=first)
        rows = self._trainer.train(
            examples,
            epochs=1,
            batch_size=self.batch_size or len(examples.X),
            learning_rate=lambda progress: float(self.learning_rate),
        )
        number = len(self.history_) + 1
        self.history_ = [*self.history_, *({**epoch, "epoch": number} for epoch in rows)]
        return self

    def outputs(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return the outputs of the network's last activation `[examples, classes]`."""
        check_is_fitted(self, "network_")
        return self.network_.outputs(self._features(X))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return class probabilities `[examples, classes]`; each row sums to 1.

        Outputs of a softmax are returned unchanged, and those of sigmoids are divided by their sum.
        Outputs of any other activation are used as logits of a softmax. None of these changes which
        class is the most probable.
        """
        outputs = self.outputs(X)
        last = "softmax" if self.softmax else self.output
        if last == "softmax":
            return outputs
        if last == "sigmoid":
            # If all sigmoids underflow to 0, the smallest number gives equal probabilities.
            outputs = np.maximum(outputs, np.finfo(outputs.dtype).tiny)
            return outputs / outputs.sum(axis=1, keepdims=True)
        return softmax(outputs, axis=1)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the predicted classes `[examples]`."""
        outputs = self.outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def evaluate(self, X: ArrayLike, y: ArrayLike) -> Scores:
        """Return the training loss function, without the penalty, and the accuracy on examples."""
        check_is_fitted(self, "network_")
        return evaluate(self.network_, self.loss, self._examples(X, y, self.classes_))

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of each epoch."""
        check_is_fitted(self)
        return [row["train/loss"] for row in self.history_]

    @property
    def n_iter_(self) -> int:
        """Number of epochs trained."""
        check_is_fitted(self)
        return len(self.history_)

    @property
    def best_epoch_(self) -> int:
        """The epoch whose parameters were kept: with early stopping the best, else the last."""
        check_is_fitted(self)
        if self.patience is None or "validation/loss" not in self.history_[-1]:
            return self.n_iter_
        return min(self.history_, key=lambda row: row["validation/loss"])["epoch"]

    def _network(self, classes: int) -> Network:
        """Return the network that the hyperparameters describe, with all weights zero."""
        layers: list[Layer] = []
        for layer in [*self.layers, (classes, self.output)]:
            if isinstance(layer, Sequence):
                width, activation = layer
                layers += [Dense(width), Activation(activation)]
            else:
                layers.append(layer)
        if self.softmax:
            layers.append(Activation("softmax"))
        shape = tuple(self.image_shape or (self.n_features_in_,))
        check_shapes(layers, shape, self.n_features_in_)
        return Network.zeros(layers, shape, self.dtype)

    def _check_network(self) -> None:
        """Check that the hyperparameters still describe the trained network."""
        networks = (self._network(len(self.classes_)), self.network_)
        current, trained = (
            (network.layers, network.input_shape, network.vector.dtype) for network in networks
        )
        if current != trained:
            raise ValueError(
                f"layers={self.layers!r}, output={self.output!r}, dtype={self.dtype!r}: expected "
                "the network of the last fit"
            )

    def _start(self, classes: NDArray, rng: np.random.Generator, new: bool) -> None:
        """Prepare the training of a new network or of the existing one."""
        if new:
            network = self._network(len(classes))
            count = len(network.weights)
            network.draw(initialization_per_layer(self.initialization, count), rng)
            self.network_, self.classes_, self.history_ = network, classes, []
        self._check_network()
        self._trained_with = self.get_params()
        self._trainer = Trainer(
            self.network_,
            self.loss,
            self._optimizer(),
            rng,
            penalty=PENALTIES[self.regularization] if self.regularization else None,
            penalty_rate=float(self.regularization_rate),
            largest_norm=None if self.clip_norm is None else float(self.clip_norm),
        )

    def _optimizer(self) -> Optimizer:
        if self.momentum:
            name, settings = "momentum", {"mu": float(self.momentum)}
        else:
            name = self.optimizer
            settings = {"decay": float(self.weight_decay)} if name == "adamw" else {}
        update, means = OPTIMIZERS[name]
        return Optimizer(partial(update, **settings), means)

    def _check(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        classes: NDArray | None,
        resume: bool,
    ) -> tuple[Examples, NDArray]:
        """Check hyperparameters and data, and return the encoded examples and the classes."""
        check_hyperparameters(self.get_params())
        X, y = validate_data(self, X, y, reset=not resume, dtype=(self.dtype, np.uint8), order="C")
        check_classification_targets(y)
        classes = np.unique(y) if classes is None else classes
        examples = self._encode(X, y, classes)
        if sample_weight is None:
            return examples, classes
        weights = _check_sample_weight(sample_weight, X, dtype=self.dtype, ensure_non_negative=True)
        if not weights.any():
            raise ValueError("sample_weight: expected at least one that is not 0")
        return examples._replace(weights=weights), classes

    def _features(self, X: ArrayLike) -> NDArray:
        return validate_data(self, X, reset=False, dtype=(self.dtype, np.uint8), order="C")

    def _examples(self, X: ArrayLike, y: ArrayLike, classes: NDArray) -> Examples:
        X, y = self._features(X), np.asarray(y)
        check_consistent_length(X, y)
        return self._encode(X, y, classes)

    def _encode(self, X: NDArray, y: NDArray, classes: NDArray) -> Examples:
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(f"y={unknown[0]!r}: expected one of the classes {classes}")
        return Examples(X, np.eye(len(classes), dtype=self.dtype)[np.searchsorted(classes, y)])


def _progress_listener(show: Callable[[int, str], None]) -> OnEpoch:
    """Return a listener that shows each epoch in a progress bar."""

    def listen(epoch: int, row: dict[str, float]) -> None:
        name = "validation/loss" if "validation/loss" in row else "train/loss"
        show(epoch, f"{name} {row[name]:.4f}")

    return listen
