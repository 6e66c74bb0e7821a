"""The edits in CONTRIBUTING.md, applied to a copy, add a working pipeline and kind."""

import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow

from stages.paths import ROOT

#: "In `file`, below `line`:" or "and instead of `line`:", followed by a code block.
EDIT = re.compile(
    r"(?:(?:In|in|At the end of) `(?P<file>[^`]+)`(?:, )?|and )"
    r"(?P<how>(?:above|below|instead of) `[^`]+`)?[^\n]*:\n\n"
    r"```\w+\n(?P<text>.*?)```",
    re.DOTALL,
)


def apply_edits(guide: str, root: Path) -> list[str]:
    """Apply all edits of a guide to a copy of the project, and return the paths of the files."""
    file, files = root, []
    for match in EDIT.finditer(guide):
        if match["file"]:
            file = root / match["file"]
            files.append(match["file"])
        text, how = match["text"], match["how"]
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text() if file.exists() else ""
        if not how:
            file.write_text(before + text)
            continue
        place, line = re.fullmatch(r"(above|below|instead of) `(.+)`", how).groups()
        assert f"\n{line}\n" in before, (file.name, line)
        new = {
            "above": f"{text}{line}",
            "below": f"{line}\n{text}".removesuffix("\n"),
            "instead of": text.removesuffix("\n"),
        }[place]
        file.write_text(before.replace(f"\n{line}\n", f"\n{new}\n", 1))
    return files


def run(root: Path, *command: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    process = subprocess.run(
        command,
        cwd=root,
        env={"PATH": path, "OMP_NUM_THREADS": "1", "HOME": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def test_a_pipeline_added_by_the_edits_of_the_guide_runs(tmp_path: Path) -> None:
    root = tmp_path / "project"
    run(ROOT, "git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(root))
    guide = (root / "CONTRIBUTING.md").read_text()
    files = apply_edits(guide, root)
    assert {"pipelines/dice/die.py", "stages/registry.py", "dvc.yaml"} <= set(files)
    run(root, "git", "add", "--all")
    run(root, "lint-imports", "--no-cache")
    run(root, "ruff", "check", "pipelines", "stages")
    shown = run(root, "dvc", "repro", "dice-evaluate")
    assert "dice-evaluate@trusting: cross-entropy" in shown
    assert run(root, "dvc", "repro", "dice-evaluate").count("Running stage") == 0
    client = mlflow.MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("dice")
    runs = client.search_runs([experiment.experiment_id])
    assert {each.info.run_name for each in runs} == {"trusting", "doubting"}
    assert all("summary/cross_entropy" in each.data.metrics for each in runs)
    assert "trusting" in experiment.tags["mlflow.note.content"]
    run(root, "python", "-c", FIT_THE_MEAN)


FIT_THE_MEAN = """
from pathlib import Path
import numpy as np
from pipelines.imbalance.features.features import make_features
from pipelines.imbalance.features.limits import fit_limits
from pipelines.imbalance.features.origins import Origins
from pipelines.imbalance.forecasters.kinds import KINDS
from pipelines.imbalance.simulator.area import simulate_table
from stages.params import load_params

table = simulate_table("2020-01-01", 20 * 288, np.random.default_rng(0))
features = make_features(table, fit_limits(table["y"].to_numpy()), residual=True)
rows = np.arange(3000, 3100)
settings, kind = load_params().imbalance.models["mean"], KINDS["mean"]
fitted = kind.fit(features, Origins(rows, rows, rows), settings.as_settings(kind.settings), seed=0)
fitted.forecasters[0].save(Path("."))
forecast = kind.load(Path(".")).forecast(features, rows)
assert np.isclose(forecast.mean(), 0.9 * features.truth(rows).mean())
"""
