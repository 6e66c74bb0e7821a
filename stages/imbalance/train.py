"""Stage `imbalance-train@variant`: train a forecaster and calibrate its prediction intervals."""

from pathlib import Path

from pipelines.imbalance.data.prepared import read_prepared
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import split_origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.forecasters.trained_forecaster import with_intervals
from stages.errors import in_one_line, read_input
from stages.outputs.training import Data
from stages.params import Params
from stages.paths import imbalance_series
from stages.runner.command import run_variant
from stages.runner.train_variant import OnEpoch, Trained, train_variant


def train(params: Params, variant: str) -> str:
    """Train the variant with each of its seeds."""
    settings = params.imbalance.models[variant]
    kind, folder = KINDS[settings.kind], imbalance_series()
    prepared = read_input(read_prepared, folder)
    training_rows = prepared.training_rows
    with in_one_line(ValueError):
        limits = fit_limits(training_rows["y"].to_numpy())
        features = make_features(prepared.table, limits, residual=settings.residual)
        origins = split_origins(prepared, features)

    def train_once(seed: int, checkpoints: Path, on_epoch: OnEpoch) -> Trained:
        fitted = kind.fit(
            features,
            origins,
            settings.as_settings(kind.settings),
            seed=seed,
            device=params.device,
            checkpoint_folder=checkpoints,
            on_epoch=on_epoch,
        )
        trained = with_intervals(
            settings.kind, fitted.forecasters, limits, features, origins.validation
        )
        rmse = trained.validation_rmse
        message = f"validation RMSE {rmse:.1f} MW"
        return Trained(trained.save, fitted.history, {"validation/rmse": rmse}, message)

    source, resolution = params.imbalance.source, params.imbalance.resolution
    data = Data.of(source, folder, training_rows.drop(columns="y").to_numpy())
    context = {"source": source, "resolution": resolution}
    return train_variant("imbalance-train", params, variant, settings, data, train_once, context)


if __name__ == "__main__":
    run_variant("imbalance-train", train, lambda params: params.imbalance.models)
