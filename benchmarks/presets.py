"""Accuracy of the figures variants beside scikit-learn's MLPClassifier: same data, same widths.

    python -m benchmarks.presets [--seeds 5] [VARIANT ...]

Each seed draws the variant's own figures and trains on the same training part; all are then scored
on the same 4,000 fresh figures, since the variants' own test parts are small. scikit-learn has one
activation for all hidden layers, its own initialization (Glorot's), no L1, and always ends in
softmax and cross-entropy. So there are three columns: the variant as it is; this project's network
under scikit-learn's conditions; scikit-learn's with the variant's optimizer, learning rate, batch
size, epochs and L2 penalty. Variants with other layers than dense ones have no peer there.
"""

import argparse
import statistics
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from pipelines.figures import draw_figures
from pipelines.figures.data.dataset import Figures, draw_figure_set
from stages.figures.train import make_classifier
from stages.params import load_params
from stages.params.figures import Dataset, Dense, Network

FRESH = 4000
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}


def peer(network: Network, seed: int) -> MLPClassifier:
    """Make scikit-learn's network of the same widths and training."""
    activation = network.layers[0].activation if network.layers else "identity"
    l2 = network.regularization is not None and network.regularization.name == "l2"
    return MLPClassifier(
        hidden_layer_sizes=[layer.width for layer in network.layers],
        activation=ACTIVATIONS[activation],
        solver=network.optimizer.name,
        learning_rate_init=network.optimizer.learning_rate,
        momentum=getattr(network.optimizer, "momentum", 0.9),
        nesterovs_momentum=False,
        # scikit-learn divides the penalty by the batch size.
        alpha=network.regularization.rate * network.batch_size if l2 else 0,
        batch_size=network.batch_size,
        max_iter=network.epochs,
        n_iter_no_change=network.epochs,
        tol=0,
        random_state=seed,
    )


def same_conditions(network: Network) -> Network:
    """Return the variant as scikit-learn would train it."""
    activation = network.layers[0].activation if network.layers else "identity"
    l2 = network.regularization is not None and network.regularization.name == "l2"
    return network.model_copy(
        update={
            "layers": [Dense(width=x.width, activation=activation) for x in network.layers],
            "output": "softmax",
            "softmax": False,
            "loss": "categorical_cross_entropy",
            "initialization": "glorot",
            "regularization": network.regularization if l2 else None,
            "schedule": "constant",
            "clip_norm": None,
            "patience": None,
        }
    )


def accuracies(network: Network, dataset: Dataset, seed: int) -> list[float]:
    """Train all three on one drawing of the data set and return their accuracies."""
    rng = np.random.default_rng(seed)
    split = dataset.split
    figures = draw_figure_set(
        dataset.count,
        dataset.size,
        dataset.noise,
        dataset.centred,
        (split.train, split.validation, split.test),
        rng,
    )
    X, y = figures.train.pixels.astype(np.float32), figures.train.labels
    fresh = Figures(*draw_figures(FRESH, dataset.size, dataset.noise, dataset.centred, rng))
    validation = (figures.validation.pixels, figures.validation.labels)
    shape = figures.train.images.shape[1:]
    trained = [
        make_classifier(network, seed, shape).fit(X, y, validation=validation),
        make_classifier(same_conditions(network), seed, shape).fit(X, y),
        peer(network, seed).fit(X, y),
    ]
    return [each.score(fresh.pixels.astype(np.float32), fresh.labels) for each in trained]


def has_peer(network: Network) -> bool:
    """Whether scikit-learn has a network of these layers."""
    return all(isinstance(layer, Dense) for layer in network.layers)


def main() -> None:
    """Print a table of medians."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("variants", nargs="*", metavar="VARIANT")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    params = load_params().figures
    print(f"accuracy on {FRESH:,} fresh figures, median (least to most) of {arguments.seeds} seeds")
    print(f"{'':12} {'the variant':24} {'its conditions':24} scikit-learn")
    peers = [name for name, network in params.networks.items() if has_peer(network)]
    for name in arguments.variants or peers:
        network = params.networks[name]
        pairs = [
            accuracies(network, params.datasets[network.dataset], seed)
            for seed in range(arguments.seeds)
        ]
        cells = [
            f"{statistics.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            for values in zip(*pairs, strict=True)
        ]
        print(f"{name:12}", *(f"{cell:24}" for cell in cells), flush=True)


if __name__ == "__main__":
    main()
