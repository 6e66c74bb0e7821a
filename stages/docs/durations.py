"""The table of the durations of all stages, from a committed file."""

import json
from datetime import UTC, datetime

from stages import paths
from stages.docs.sections import table
from stages.outputs.atomic import read_yaml
from stages.outputs.timings import last_timing
from stages.params import load_params
from stages.report.durations import stage_names
from stages.report.environment import environment

FILE = paths.ROOT / "docs" / "durations.json"


def save_durations() -> None:
    """Save the duration of every stage that ran on this machine; keep the file if one did not."""
    workflow, params = read_yaml(paths.WORKFLOW), load_params()
    timings = {name: last_timing(name) for name in stage_names(workflow, params)}
    if all(timings.values()):
        seconds = {name: timing.seconds for name, timing in timings.items() if timing}
        document = {
            "date": datetime.now(UTC).date().isoformat(),
            "processor": environment(params)["processor"],
            "minutes": sum(seconds.values()) / 60,
            "seconds": seconds,
        }
        FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def durations() -> str:
    """Return the table of durations, a row for each family of stages."""
    document = json.loads(FILE.read_text(encoding="utf-8"))
    seconds: dict[str, float] = document["seconds"]
    families: dict[str, list[float]] = {}
    for stage, duration in seconds.items():
        families.setdefault(stage.partition("@")[0], []).append(duration)
    rows = [
        (f"`{family}`", str(len(each)), f"{sum(each):.0f}", f"{max(each):.0f}")
        for family, each in families.items()
    ]
    total = sum(seconds.values())
    rows.append(("all", str(len(seconds)), f"{total:.0f}", f"{max(seconds.values()):.0f}"))
    text = table(["stage", "runs", "total (s)", "longest (s)"], rows)
    return f"{text}\n\nMeasured on {document['date']} with {document['processor']}."
