"""The network from scratch as a scikit-learn classifier."""

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
    """A feed-forward network that learns classes by gradient descent.

    Every epoch goes through all examples once, in a fresh random order. Each class has one output;
    the class of the largest is the prediction.

    Args:
        layers: hidden layers; `()` for none. A pair of width and activation is a dense layer; any
            layer of `pipelines.figures.network` stands for itself: `Conv2d(8, 5)`, `MaxPool2d(2)`,
            `Activation("relu")`, `Dropout(0.5)`. Activations are "identity", "relu", "leaky_relu",
            "sigmoid", "tanh", "gelu" and "softmax".
        output: activation of the output layer.
        softmax: whether a further softmax layer, without weights, follows the output layer.
        loss: "mean_squared_error" (mean over examples and outputs), "binary_cross_entropy"
            (likewise) or "categorical_cross_entropy" (mean over examples).
        optimizer: "sgd", "adam" or "adamw".
        learning_rate: length of an update, relative to the gradient or, for adam, absolute.
        schedule: course of the learning rate from step to step: "constant", "cosine" or
            "one_cycle".
        momentum: share of the last update that sgd repeats, from 0 to below 1.
        weight_decay: adamw takes its product with the learning rate off all parameters.
        clip_norm: largest norm of a gradient, or None; a longer one is shortened to it.
        epochs: number of epochs, at most.
        batch_size: examples per update, at most all; None for all.
        regularization: "l1" (rate Σ|w|), "l2" (rate/2 Σ w²), on weights but not on biases, or None.
        regularization_rate: its rate.
        initialization: "glorot", "he", or a positive number r for weights uniform between ±r; or
            one of these for each layer of weights.
        patience: stop after so many epochs without a lower validation loss, and keep the
            best parameters; None to train all epochs and keep the last.
        validation_fraction: share of the examples of each class held out for early stopping if
            `fit` gets no validation data.
        image_shape: height, width and channels of an example, if a layer takes images.
        warm_start: whether `fit` starts from the parameters of the last one.
        dtype: "float32" or "float64", the type of all computation.
        random_state: seed of the initial weights, the order and the held-out share.
        verbose: whether to show a progress bar, on a terminal.

    Attributes:
        classes_: the classes, sorted, `[classes]`.
        n_features_in_: number of features.
        network_: the trained `Network`.
        history_: a row per epoch: "epoch", "train/loss", "train/accuracy" (over the epoch's
            batches, each before its update) and "validation/…", "test/…" (after the epoch) where
            there are such data; losses without the penalty.
        loss_curve_: "train/loss" of every epoch.
        n_iter_: number of epochs trained.
        best_epoch_: epoch, from 1, whose parameters were kept.

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
            X: features, `[examples, features]`; uint8 stays so, and is converted batch by batch.
            y: classes, `[examples]`.
            sample_weight: factors of the examples' losses, `[examples]`; only their ratios count.
            validation: features and classes scored after every epoch, and used for early stopping.
            test: features and classes scored after every epoch.
            on_epoch: called after every epoch with its number, from 1, and its row of `history_`.

        Returns:
            The classifier itself.

        Raises:
            ValueError: a parameter or the data are not as described, or training diverged.
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
            self.history_ = self._trainer.train(
                examples,
                epochs=self.epochs,
                batch_size=self.batch_size or len(examples.X),
                learning_rate=lambda progress: rate * factor(progress),
                watched=watched,
                patience=self.patience,
                listeners=[each for each in (on_epoch, show and _shown_by(show)) if each],
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
        """Train one epoch on these examples, at a constant learning rate.

        Args:
            X: features, `[examples, features]`.
            y: classes, `[examples]`.
            classes: every class there is; needed in the first call.
            sample_weight: factors of the examples' losses, `[examples]`.

        Returns:
            The classifier itself.

        Raises:
            ValueError: a parameter or the data are not as described, or training diverged.
        """
        first = not hasattr(self, "network_")
        if first and classes is None:
            raise ValueError("classes=None: expected every class in the first call of partial_fit")
        known = np.unique(classes) if first else self.classes_
        if classes is not None and not np.array_equal(np.unique(classes), known):
            raise ValueError(f"classes={classes!r}: expected those of the first call, {known}")
        examples, _ = self._check(X, y, sample_weight, known, not first)
        if getattr(self, "_trained_with", None) != self.get_params():
            self._start(known, np.random.default_rng(self.random_state), new=first)
        row = self._trainer.train(
            examples,
            epochs=1,
            batch_size=self.batch_size or len(examples.X),
            learning_rate=lambda progress: float(self.learning_rate),
        )
        number = len(self.history_) + 1
        self.history_ = [*self.history_, *({**each, "epoch": number} for each in row)]
        return self

    def outputs(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return what the network puts out, whatever its last activation, `[examples, classes]`."""
        check_is_fitted(self, "network_")
        return self.network_.outputs(self._features(X))

    def predict_proba(self, X: ArrayLike) -> NDArray[np.floating]:
        """Return probabilities, `[examples, classes]`, each row with the sum 1.

        A softmax is taken as it is. Sigmoids are divided by their sum. The outputs of any other
        activation are taken as logits, and passed through softmax. The largest stays the largest.
        """
        outputs = self.outputs(X)
        last = "softmax" if self.softmax else self.output
        if last == "softmax":
            return outputs
        if last == "sigmoid":
            # Saturated at 0, all classes are alike; the smallest number makes them so.
            outputs = np.maximum(outputs, np.finfo(outputs.dtype).tiny)
            return outputs / outputs.sum(axis=1, keepdims=True)
        return softmax(outputs, axis=1)

    def predict(self, X: ArrayLike) -> NDArray:
        """Return the class of the largest output, `[examples]`."""
        outputs = self.outputs(X)
        return self.classes_[outputs.argmax(axis=1)]

    def evaluate(self, X: ArrayLike, y: ArrayLike) -> Scores:
        """Return the loss that was trained, without the penalty, and the accuracy on examples."""
        check_is_fitted(self, "network_")
        return evaluate(self.network_, self.loss, self._examples(X, y, self.classes_))

    @property
    def loss_curve_(self) -> list[float]:
        """The training loss of every epoch."""
        check_is_fitted(self)
        return [row["train/loss"] for row in self.history_]

    @property
    def n_iter_(self) -> int:
        """Number of epochs trained."""
        check_is_fitted(self)
        return len(self.history_)

    @property
    def best_epoch_(self) -> int:
        """The epoch whose parameters were kept: the best with early stopping, else the last."""
        check_is_fitted(self)
        if self.patience is None or "validation/loss" not in self.history_[-1]:
            return self.n_iter_
        return min(self.history_, key=lambda row: row["validation/loss"])["epoch"]

    def _network(self, classes: int) -> Network:
        """Return the network that the parameters describe, its own parameters zero."""
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
        """Check that the parameters still describe the network that was trained."""
        networks = (self._network(len(self.classes_)), self.network_)
        now, then = ((each.layers, each.input_shape, each.vector.dtype) for each in networks)
        if now != then:
            raise ValueError(
                f"layers={self.layers!r}, output={self.output!r}, dtype={self.dtype!r}: expected "
                "the network of the last fit"
            )

    def _start(self, classes: NDArray, rng: np.random.Generator, new: bool) -> None:
        """Prepare training, of a new network or of the one that there is."""
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
        go_on: bool,
    ) -> tuple[Examples, NDArray]:
        """Check parameters and data, and return the data as they are learned, and the classes."""
        check_hyperparameters(self.get_params())
        X, y = validate_data(self, X, y, reset=not go_on, dtype=(self.dtype, np.uint8), order="C")
        check_classification_targets(y)
        classes = np.unique(y) if classes is None else classes
        examples = self._encode(X, y, classes)
        if sample_weight is None:
            return examples, classes
        weights = _check_sample_weight(sample_weight, X, dtype=self.dtype, ensure_non_negative=True)
        if not weights.any():
            raise ValueError("sample_weight: expected one at least that is not 0")
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


def _shown_by(show: Callable[[int, str], None]) -> OnEpoch:
    """Return a listener that shows each epoch."""

    def listen(epoch: int, row: dict[str, float]) -> None:
        name = "validation/loss" if "validation/loss" in row else "train/loss"
        show(epoch, f"{name} {row[name]:.4f}")

    return listen
