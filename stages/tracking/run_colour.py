"""The colour of a run in the charts of the MLflow UI."""

import mlflow
from ruamel.yaml import YAML

#: Tag that the UI reads; a person can change it there.
RUN_COLOUR = "mlflow.runColor"

#: matplotlib's palette tab20: a dark and a light shade of ten colours. Grey is for no variant.
_SHADES = (
    ("#1f77b4", "#aec7e8"),
    ("#ff7f0e", "#ffbb78"),
    ("#2ca02c", "#98df8a"),
    ("#d62728", "#ff9896"),
    ("#9467bd", "#c5b0d5"),
    ("#8c564b", "#c49c94"),
    ("#e377c2", "#f7b6d2"),
    ("#bcbd22", "#dbdb8d"),
    ("#17becf", "#9edae5"),
    ("#7f7f7f", "#c7c7c7"),
)


def run_colour(experiment: str, pipeline: str, variant: str, params: str) -> str:
    """Return the colour of a new run, by the position of its variant in params.yaml.

    Successive runs of a variant have a dark and a light shade in turn, so that a run and its
    predecessor differ.

    Args:
        experiment: id of the experiment.
        pipeline: section of params.yaml.
        variant: name of the run.
        params: text of params.yaml.
    """
    section = YAML(typ="safe", pure=True).load(params).get(pipeline, {})
    variants = list(section.get("models", {}))
    position = variants.index(variant) % (len(_SHADES) - 1) if variant in variants else -1
    dark, light = _SHADES[position]
    query = f"tags.variant = '{variant}' AND tags.`{RUN_COLOUR}` LIKE '#%'"
    order = ["attributes.start_time DESC"]
    former = mlflow.MlflowClient().search_runs([experiment], query, order_by=order, max_results=1)
    return light if former and former[0].data.tags[RUN_COLOUR] == dark else dark
