"""The report and leaderboard.json show the numbers of the result files."""

import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from stages.digits.metrics import DETECTION
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
    """Return the cells of each variant, with the headings under the key `variant`."""
    return {row[0].split()[0]: row[1:] for row in page.tables[f"Leaderboard of {pipeline}"]}


def metrics_file(root: Path, pipeline: str, model: str) -> Path:
    return root / "results" / pipeline / model / "metrics.json"


def test_the_tables_show_the_numbers_of_the_files(original: Path, page: ReadPage) -> None:
    for pipeline in PIPELINES:
        table = rows(page, pipeline.name)
        assert set(table) == {"variant", *models(original)[pipeline.name]}
        for variant in models(original)[pipeline.name]:
            folder = metrics_file(original, pipeline.name, variant).parent
            values = json.loads((folder / "metrics.json").read_text())["test"]
            if (folder / "comparison.json").exists():
                values |= json.loads((folder / "comparison.json").read_text())
            headings = table["variant"]
            for metric, heading in zip(pipeline.metrics, headings, strict=True):
                assert heading.startswith(metric.title)
                assert metric.unit in heading
            assert table[variant] == [each.text(values[each.name]) for each in pipeline.metrics]
    for pipeline in filter(lambda each: each.evaluator, PIPELINES):
        file = metrics_file(original, pipeline.name, pipeline.evaluator.name)
        for metric in pipeline.evaluator.metrics:
            value = metric.text(json.loads(file.read_text())["test"][metric.name])
            assert f"{metric.title} {value}" in page.text


def test_the_report_opens_on_the_leaderboards_and_ends_with_changes_and_environment(
    page: ReadPage,
) -> None:
    headings = ["Results of all pipelines", *(pipeline.name for pipeline in PIPELINES)]
    headings += ["Changes since the last commit", "Durations", "Environment"]
    assert page.headings == headings


def test_the_best_variant_is_first_in_the_report_and_in_the_json(fabricated: Path) -> None:
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


def test_a_variant_with_a_different_task_is_below_the_others_even_with_the_best_score(
    fabricated: Path,
) -> None:
    params, (digits,) = load_params(), [each for each in PIPELINES if each.name == "digits"]
    other = next(n for n, each in digits.variants(params).items() if not digits.eligible(each))
    change(metrics_file(fabricated, "digits", other), frechet_distance=0.0)
    page = read(fabricated)
    assert "have a different task and are not ranked" in page.text
    assert other not in page.tables["Leaderboard of digits"][1][0].split()


def test_leaderboard_json_depends_on_results_and_parameters_only(fabricated: Path) -> None:
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


def test_a_picture_shows_the_best_variant_of_its_role(fabricated: Path) -> None:
    for value in (0.0, 1.0):
        change(metrics_file(fabricated, "digits", "ae_missing"), **{DETECTION.name: value})
        captions = " ".join(image["alt"] for image in read(fabricated).images)
        assert bool(re.search(r"\bae_missing\b", captions)) == (value == 1.0)


def test_a_picture_is_left_out_without_its_file_or_its_metric(fabricated: Path) -> None:
    pictures = len(read(fabricated).images)
    for model in models(fabricated)["digits"]:
        document = json.loads(metrics_file(fabricated, "digits", model).read_text())
        del document["test"][DETECTION.name]
        write(metrics_file(fabricated, "digits", model), document)
    page = read(fabricated)
    assert len(page.images) < pictures
    assert not any(DETECTION.title in heading for heading in rows(page, "digits")["variant"])
    for file in (fabricated / "results" / "imbalance").glob("*/plots/*.png"):
        file.unlink()
    assert len(read(fabricated).images) < len(page.images)


def test_the_report_loads_no_other_file_and_runs_no_script(page: ReadPage) -> None:
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


def test_commit_data_versions_and_parameters_are_shown_and_escaped(fabricated: Path) -> None:
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
        ("figures/demo_1/metrics.json", None, " is missing; create it with `dvc repro`"),
        ("digits/verifier/metrics.json", None, " is missing; create it with `dvc repro`"),
        (
            "imbalance/lstm/comparison.json",
            "[",
            ": comparison.json does not contain a mapping; delete it",
        ),
        ("imbalance/lstm/comparison.json", '{"p_value": "0"}', ": p_value is not a number; delete"),
        (
            "imbalance/ridge/metrics.json",
            '{"test": {',
            ": metrics.json does not contain a mapping; delete",
        ),
        ("imbalance/ridge/metrics.json", "{}", ": does not contain summary metrics; delete it"),
        ("imbalance/ridge/scores.json", "{}", ": scores.json does not contain scores; delete it"),
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
