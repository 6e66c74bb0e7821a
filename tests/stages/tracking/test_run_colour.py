"""Runs of one experiment have distinct colours."""

import mlflow
import pytest

from stages.outputs.provenance import Provenance
from stages.tracking.runs import create_run
from tests.stages import example

VARIANTS = [f"variant_{number}" for number in range(9)]
PARAMS = "\n".join(["figures:", "  models:", *(f"    {name}: {{}}" for name in VARIANTS)])


def colours(store: mlflow.MlflowClient, variants: list[str], start: float = 100.0) -> list[str]:
    """Create runs and return their colours."""
    found = []
    for number, variant in enumerate(variants):
        time = start + number
        origin = Provenance("abc", {}, PARAMS, time, time)
        run = store.get_run(create_run("figures", variant, 7, origin, {}))
        found.append(run.data.tags["mlflow.runColor"])
    return found


def test_variants_have_distinct_colours_by_their_position_in_the_parameters(
    store: mlflow.MlflowClient,
) -> None:
    names = [*VARIANTS, "no variant"]
    first = colours(store, names[::-1])[::-1]
    assert first[:2] == ["#1f77b4", "#ff7f0e"]
    assert len(set(first)) == len(names)


def test_a_run_differs_from_the_former_one_of_its_variant(store: mlflow.MlflowClient) -> None:
    dark, light, again = colours(store, ["variant_0"] * 3)
    assert (dark, light, again) == ("#1f77b4", "#aec7e8", "#1f77b4")


@pytest.mark.usefixtures("store")
def test_a_run_of_a_stage_has_a_colour(store: mlflow.MlflowClient) -> None:
    example.train()
    example.evaluate()
    (run,) = example.runs(store)
    assert run.data.tags["mlflow.runColor"] == "#7f7f7f"  # params.yaml lists no variants
