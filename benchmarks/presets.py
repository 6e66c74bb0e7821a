"""Accuracy of the figures models beside scikit-learn's MLPClassifier.

    python -m benchmarks.presets [--seeds 5] [MODEL ...]

Each seed draws the model's own figures, and all networks train on the same training split. All are
scored on the same 4,000 fresh figures, because the test splits are small. Three networks have the
same hidden widths:

- the model as in params.yaml;
- this project's network with scikit-learn's activations, initialization, output and loss;
- scikit-learn's network with the model's optimizer, learning rate, batch size, epochs and L2 rate.

scikit-learn has one activation for all hidden layers, Glorot's initialization, no L1, and always
softmax with cross-entropy. Models with convolutions or dropout are left out.
"""

import argparse
import warnings
from statistics import median

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.record import write_record
from pipelines.figures import draw_figures
from pipelines.figures.data.dataset import Figures, draw_figure_set
from stages.figures.train import make_classifier
from stages.params import load_params
from stages.params.figures import Dataset, Dense, Network

FRESH = 4000
ACTIVATIONS = {"relu": "relu", "tanh": "tanh", "sigmoid": "logistic", "identity": "identity"}


def peer(network: Network, seed: int) -> MLPClassifier:
    """Return scikit-learn's network with the same widths and training parameters."""
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
    """Return the model's parameters under scikit-learn's conditions."""
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
    """Draw a data set, train all three networks on it and return their accuracies."""
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
    """Return whether scikit-learn has a network of these layers."""
    return all(isinstance(layer, Dense) for layer in network.layers)


def main() -> None:
    """Train and score every model and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", metavar="MODEL", help="default: all dense ones")
    parser.add_argument("--seeds", type=int, default=5, help="data sets and trainings")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore", ConvergenceWarning)
    params = load_params().figures
    peers = [name for name, network in params.models.items() if has_peer(network)]
    rows = []
    for name in arguments.models or peers:
        print(f"{name} ...", flush=True)
        network = params.models[name]
        scores = [
            accuracies(network, params.datasets[network.dataset], seed)
            for seed in range(arguments.seeds)
        ]
        cells = [
            f"{median(values):.3f} ({min(values):.3f} to {max(values):.3f})"
            for values in zip(*scores, strict=True)
        ]
        rows.append([name, *cells])
    write_record(
        "presets",
        columns=("model", "as in params.yaml", "under scikit-learn's conditions", "scikit-learn"),
        rows=rows,
        packages=("numpy", "scikit-learn"),
        notes=[
            f"Accuracy on {FRESH:,} fresh figures, median (min to max) of {arguments.seeds} seeds."
        ],
    )


if __name__ == "__main__":
    main()
