"""The page and leaderboard.json show the result files as they are, and nothing else."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.errors import StageError
from stages.outputs.timings import save_timing
from stages.params import load_params
from stages.registry import PIPELINES
from tests.stages.report.fabricated import change, git, models, moved, write, write_report
from tests.stages.report.read_page import ReadPage

HOSTILE = "</pre><script>alert('1')</script>"
YAML_FILE = YAML(typ="safe", pure=True)


def read(root: Path) -> ReadPage:
    return ReadPage(write_report(root, compares=False))


def rows(page: ReadPage, pipeline: str) -> dict[str, list[str]]:
    """Return the cells of each variant, and the headings under `variant`."""
    return {row[0].split()[0]: row[1:] for row in page.tables[f"Leaderboard of {pipeline}"]}


def metrics_file(root: Path, pipeline: str, model: str) -> Path:
    return root / "results" / pipeline / model / "metrics.json"


def test_every_number_of_the_tables_is_that_of_the_files(original: Path, page: ReadPage) -> None:
    for pipeline in PIPELINES:
        table = rows(page, pipeline.name)
        assert set(table) == {"variant", *models(original)[pipeline.name]}
        for variant in models(original)[pipeline.name]:
            folder = metrics_file(original, pipeline.name, variant).parent
            values = json.loads((folder / "metrics.json").read_text())["test"]
            if (folder / "comparison.json").exists():
                values |= json.loads((folder / "comparison.json").read_text())
            titles = [f"{each.title} ({each.unit})".replace(" ()", "") for each in pipeline.metrics]
            assert table["variant"] == titles
            assert table[variant] == [each.text(values[each.name]) for each in pipeline.metrics]
    for pipeline in filter(lambda each: each.evaluator, PIPELINES):
        file = metrics_file(original, pipeline.name, pipeline.evaluator.name)
        for metric in pipeline.evaluator.metrics:
            value = metric.text(json.loads(file.read_text())["test"][metric.name])
            assert f"{metric.title}: {value}" in page.text


def test_the_page_opens_on_the_leaderboards(page: ReadPage) -> None:
    headings = ["Results of all pipelines", *(pipeline.name for pipeline in PIPELINES)]
    headings += ["Changes since the last commit", "Durations", "Environment"]
    assert page.headings == headings


def test_the_best_variant_stands_first_in_the_page_and_in_the_json(fabricated: Path) -> None:
    names = models(fabricated)["imbalance"]
    for rank, variant in enumerate(reversed(names)):
        change(metrics_file(fabricated, "imbalance", variant), rmse=40.0 + rank)
    table = read(fabricated).tables["Leaderboard of imbalance"]
    assert [row[0].split()[0] for row in table[1:]] == names[::-1]
    assert ["★ best" in row[0] for row in table[1:]] == [True] + [False] * (len(names) - 1)
    board = json.loads((fabricated / "results" / "leaderboard.json").read_text())["imbalance"]
    assert (board["ranked_by"], board["better"], board["best"]) == ("rmse", "lower", names[-1])
    assert [entry["variant"] for entry in board["variants"]] == names[::-1]
    assert [entry["metrics"]["rmse"] for entry in board["variants"]] == [
        40.0 + rank for rank in range(len(names))
    ]


def test_a_variant_with_another_task_is_below_the_others_however_good(fabricated: Path) -> None:
    params, (digits,) = load_params(), [each for each in PIPELINES if each.name == "digits"]
    other = next(n for n, each in digits.variants(params).items() if not digits.eligible(each))
    change(metrics_file(fabricated, "digits", other), frechet_distance=0.0)
    page = read(fabricated)
    assert "have another task and are not ranked" in page.text
    assert other not in page.tables["Leaderboard of digits"][1][0].split()


def test_the_leaderboard_depends_on_results_and_parameters_only(fabricated: Path) -> None:
    read(fabricated)
    file = fabricated / "results" / "leaderboard.json"
    before = file.read_bytes()
    git(fabricated, "commit", "--allow-empty", "-qm", "-", "--author", "A <a@b.c>")
    with moved(fabricated):
        save_timing("digits-fetch", 75.0)
    assert "75 s" in read(fabricated).text
    assert file.read_bytes() == before


def test_several_seeds_are_shown_with_their_standard_deviation(fabricated: Path) -> None:
    file = metrics_file(fabricated, "figures", "demo_1")
    seeds = {"count": 3, "mean": {"accuracy": 0.512}, "std": {"accuracy": 0.031}}
    write(file, json.loads(file.read_text()) | {"seeds": seeds})
    table = read(fabricated).tables["Leaderboard of figures"]
    (row,) = (row for row in table if "demo_1" in row[0])
    assert "3 seeds" in row[0]
    assert row[1].endswith("51.2 ± 3.1\N{NO-BREAK SPACE}%")


def test_a_picture_follows_the_variant_of_its_role_and_is_left_out_without_one(
    fabricated: Path,
) -> None:
    change(metrics_file(fabricated, "digits", "ae_missing"), anomaly_average_precision=0.99)
    captions = [image["alt"] for image in read(fabricated).images]
    assert "Anomalies according to ae_missing" in captions
    for model in models(fabricated)["digits"]:
        document = json.loads(metrics_file(fabricated, "digits", model).read_text())
        del document["test"]["anomaly_average_precision"]
        write(metrics_file(fabricated, "digits", model), document)
    for file in (fabricated / "results" / "digits").glob("*/plots/latent_map.png"):
        file.unlink()
    page = read(fabricated)
    captions = " ".join(image["alt"] for image in page.images)
    assert "Anomalies" not in captions
    assert "Latents" not in captions
    assert "RMSE by lead time" in captions
    assert "average precision" not in rows(page, "digits")["variant"]


def test_the_page_needs_no_other_file_and_runs_no_script(page: ReadPage) -> None:
    assert len(page.images) >= 6
    html = page.html
    for image in page.images:
        assert image["src"].startswith("data:image/png;base64,iVBOR")
        assert image["alt"]
        html = html.replace(image["src"], "")
    assert not {"script", "link", "iframe", "object"} & set(page.tags)
    for outside in ("http:", "https:", "url(", "@import"):
        assert outside not in html
    assert "Content-Security-Policy" in html


def test_commit_data_versions_and_parameters_are_shown_and_do_no_harm(fabricated: Path) -> None:
    with (fabricated / "params.yaml").open("a") as file:
        file.write(f"# {HOSTILE} & more\n")
    page = read(fabricated)
    assert f"# {HOSTILE} & more" in page.text
    assert "script" not in page.tags
    assert git(fabricated, "rev-parse", "HEAD")[:10] in page.text
    assert ["data/raw/digits", "55.0 MB", "d0193be1.dir"] in page.tables["Data sets in dvc.lock"]
    assert "torch 2" in page.text


def test_results_of_former_variants_are_not_shown(fabricated: Path) -> None:
    former = models(fabricated)["figures"][1]
    params = YAML_FILE.load((fabricated / "params.yaml").read_text())
    for section in params["figures"].values():
        section.pop(former, None)
    with (fabricated / "params.yaml").open("w") as file:
        YAML_FILE.dump(params, file)
    assert set(rows(read(fabricated), "figures")) == {"variant", *models(fabricated)["figures"]}


@pytest.mark.parametrize(
    ("file", "content", "problem"),
    [
        ("figures/demo_1/metrics.json", None, " is missing; `dvc repro` "),
        ("digits/verifier/metrics.json", None, " is missing; `dvc repro` "),
        ("imbalance/lstm/comparison.json", "[", ": comparison.json holds no mapping; delete it"),
        ("imbalance/lstm/comparison.json", '{"p_value": "0"}', ": p_value is no number; delete"),
        ("imbalance/ridge/metrics.json", '{"test": {', ": metrics.json holds no mapping; delete"),
        ("imbalance/ridge/metrics.json", "{}", ": holds no summary metrics; delete it"),
        ("imbalance/ridge/scores.json", "{}", ": scores.json holds no scores; delete it"),
    ],
)
def test_missing_and_damaged_results_are_refused_in_one_line(
    fabricated: Path, file: str, content: str | None, problem: str
) -> None:
    path = fabricated / "results" / file
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(StageError, match=re.escape(f"results/{file}") + ".*") as refused:
        read(fabricated)
    assert problem in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not (fabricated / "results" / "report.html").exists()
    assert not (fabricated / "results" / "leaderboard.json").exists()
