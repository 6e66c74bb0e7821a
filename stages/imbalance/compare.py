"""Stage `imbalance-compare@variant`: test for a significant difference from the baseline."""

from pipelines.imbalance.data.resolution import Clock
from pipelines.imbalance.evaluation.forecast_file import read_losses
from pipelines.imbalance.evaluation.significance import compare_with
from stages.errors import in_one_line, read_input
from stages.imbalance.pipeline import PIPELINE
from stages.outputs.atomic import write_json
from stages.params import Params
from stages.paths import relative, results
from stages.runner.command import run_variant
from stages.runner.log import log_models


def compare(params: Params, variant: str) -> str:
    """Write the Diebold-Mariano test of the variant against the baseline."""
    baseline = params.imbalance.baseline
    losses = {
        name: read_input(read_losses, results("imbalance", name) / "forecasts.parquet")
        for name in (variant, baseline)
    }
    horizon = Clock(params.imbalance.resolution).horizon
    with in_one_line(ValueError):
        tests = compare_with(baseline, losses, horizon)
    comparison = {
        name: value
        for test in tests.values()  # empty for the baseline itself
        for name, value in (("diebold_mariano", test.statistic), ("p_value", test.p_value))
    }
    file = results("imbalance", variant) / "comparison.json"
    write_json(file, comparison)
    log_models(PIPELINE, [variant])
    return f"{variant} against {baseline} → {relative(file)}"


if __name__ == "__main__":
    run_variant("imbalance-compare", compare, PIPELINE.variants)
