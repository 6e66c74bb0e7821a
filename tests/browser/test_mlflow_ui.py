"""What a person sees in the MLflow UI after `make repro`."""

from collections.abc import Iterator

import psutil
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from stages import registry
from tests.browser.conftest import UI
from tests.workflow.project import PIPELINES, VARIANTS, Project, wait_until

NETWORKS = VARIANTS["figures"]
RANKED_BY = {pipeline.name: pipeline.ranking.metric for pipeline in registry.PIPELINES}
DOWNWARDS = """cells => cells
  .sort((one, other) => one.getBoundingClientRect().y - other.getBoundingClientRect().y)
  .map(cell => cell.innerText)"""
SIZE = """async picture => {
  await picture.decode();
  return [picture.naturalWidth, picture.naturalHeight];
}"""

expect.set_options(timeout=60_000)


@pytest.fixture
def first(page: Page, complaints: list[str], ui: UI) -> Iterator[Page]:
    """The UI's first page, without its assistant."""
    page.goto(ui.address)
    page.get_by_role("button", name="Close", exact=True).click()
    yield page
    # The console belongs to MLflow; a request to another machine does not pass.
    complaints[:] = [line for line in complaints if not line.startswith("says ")]


@pytest.fixture
def home(first: Page) -> Page:
    """The first page in a wide tab, switched from conversations to trainings."""
    first.set_viewport_size({"width": 1800, "height": 1000})
    first.get_by_role("button", name="Model training").click()
    return first


def link(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def open_runs(page: Page, pipeline: str) -> None:
    link(page, pipeline).click()
    expect(page.get_by_role("checkbox", name="Select all runs")).to_be_visible()


def open_run(page: Page, pipeline: str, variant: str) -> None:
    open_runs(page, pipeline)
    link(page, variant).click()
    expect(page.get_by_role("heading", name=variant, exact=True)).to_be_visible()


def test_a_link_opens_the_runs_with_their_metrics_the_best_run_first(
    first: Page, ui: UI, finished: Project
) -> None:
    for pipeline, metric in RANKED_BY.items():
        first.goto(ui.views[pipeline])
        expect(link(first, "Model registry")).to_be_visible()
        expect(link(first, "Playground")).to_have_count(0)  # of conversations
        name = f"summary/{metric.name}"
        column = f"[col-id='metrics.`{name}`']"
        first_column = first.locator(f".ag-header-cell[aria-colindex='2']{column}")
        expect(first_column).to_contain_text(name)
        for variant in VARIANTS[pipeline]:
            expect(link(first.get_by_role("grid"), variant)).to_be_visible()
        logged = [run.data.metrics.get(name) for run in finished.runs(pipeline)]
        values = [value for value in logged if value is not None]
        ranked = pytest.approx(sorted(values, reverse=metric.better == "higher"))
        cells = first.locator(f".ag-cell{column}")
        wait_until(lambda: numbers(cells) == ranked)  # noqa: B023


def numbers(cells: Locator) -> list[float]:
    """Return the numbers in the cells of a column from top to bottom."""
    return [float(text) for text in cells.evaluate_all(DOWNWARDS) if text != "-"]


def test_a_link_opens_the_charts_of_the_runs_in_distinct_colours(first: Page, ui: UI) -> None:
    first.goto(ui.charts["figures"])
    cards = first.get_by_test_id("experiment-view-compare-runs-card")
    expect(cards.first).to_contain_text("summary/accuracy_ci_low")
    bars = cards.first.locator(".bars .point path")
    expect(bars).to_have_count(len(NETWORKS))
    colours = {bar.evaluate("bar => getComputedStyle(bar).fill") for bar in bars.all()}
    assert len(colours) == len(NETWORKS)


def test_a_link_opens_compare_over_all_variants(first: Page, ui: UI) -> None:
    for pipeline, variants in VARIANTS.items():
        first.goto("about:blank")  # MLflow does not notice that only the runs change
        first.goto(ui.comparisons[pipeline])
        heading = f"Comparing {len(variants)} Runs from 1 Experiment"
        expect(first.get_by_role("heading", name=heading)).to_be_visible()
        names = first.get_by_role("row", name="Run Name:")
        for variant in variants:
            expect(names.get_by_text(variant, exact=True)).to_be_visible()


def test_an_experiment_begins_with_its_leaderboard(home: Page) -> None:
    for pipeline in PIPELINES:
        expect(link(home, pipeline)).to_be_visible()
    open_runs(home, "figures")
    expect(home.get_by_text("Ranked by")).to_be_visible()
    for variant in NETWORKS:
        cell = home.get_by_role("table").get_by_role("cell", name=variant, exact=True)
        expect(cell).to_have_count(1)


def test_the_chart_view_draws_every_variant(home: Page) -> None:
    open_runs(home, "figures")
    home.locator("label:has(input[value=CHART])").click()
    search = home.get_by_placeholder("Search metric charts")
    search.fill("^test/accuracy$")
    expect(home.locator(".js-plotly-plot .bars .point path")).to_have_count(len(NETWORKS))
    search.fill("^train/loss$")
    curves = home.locator(".js-plotly-plot .js-line[style*='stroke-opacity: 1;']")
    expect(curves).to_have_count(len(NETWORKS))


def test_a_run_shows_its_pictures_and_its_model(home: Page, finished: Project) -> None:
    open_run(home, "figures", "demo_1")
    link(home.get_by_role("grid"), "model").click()
    expect(home.get_by_text("Ready", exact=True)).to_be_visible()
    link(home, "Artifacts").click()
    for file in ("MLmodel", "serving_input_example.json", "requirements.txt"):
        expect(home.get_by_text(file, exact=True)).to_be_visible()
    home.go_back()
    home.go_back()
    home.get_by_role("tab", name="Artifacts").click()
    home.get_by_text("plots", exact=True).click()
    home.get_by_text("loss_curves.png", exact=True).click()
    picture = home.get_by_role("img", name="plots/loss_curves.png")
    expect(picture).to_be_visible()
    with Image.open(finished.root / "results/figures/demo_1/plots/loss_curves.png") as drawn:
        assert tuple(picture.evaluate(SIZE)) == drawn.size


def test_the_registry_leads_to_the_run_of_every_champion(home: Page, finished: Project) -> None:
    link(home, "Model registry").click()
    home.get_by_role("button", name="Try it now").click()  # closes MLflow's greeting
    for pipeline in PIPELINES:
        champion = finished.client().get_model_version_by_alias(pipeline, "champion")
        row = home.get_by_role("row").filter(has=link(home, pipeline))
        row.get_by_role("link", name=f"champion : Version {champion.version}").click()
        link(home, champion.tags["variant"]).click()
        expect(home.get_by_text(champion.run_id).first).to_be_visible()
        link(home, "Model registry").click()


def test_the_ui_listens_on_this_machine_alone_and_sends_no_usage_data(ui: UI) -> None:
    sockets = [each for process in ui.processes for each in process.net_connections("inet")]
    listening = {each.laddr.ip for each in sockets if each.status == psutil.CONN_LISTEN}
    assert listening == {"127.0.0.1"}
    assert ui.processes[-1].environ()["MLFLOW_DISABLE_TELEMETRY"] == "true"
