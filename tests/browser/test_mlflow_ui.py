"""What a person sees who types `make ui` after `make repro`."""

from collections.abc import Iterator

import mlflow
import psutil
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Server
from tests.workflow.project import Project

PIPELINES = ("figures", "digits", "imbalance")
# What WebGL draws is in no element; the picture itself must hold something.
PAINTED = """() => {
  const canvas = document.querySelector("[role=tabpanel][data-state=active] canvas.gl-canvas");
  if (!canvas?.width) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0);
}"""
SIZE = """async shown => {
  await shown.decode();
  return [shown.naturalWidth, shown.naturalHeight];
}"""

expect.set_options(timeout=60_000)


@pytest.fixture
def home(page: Page, complaints: list[str], ui: Server) -> Iterator[Page]:
    """The UI's first page, switched from conversations to trainings, without its assistant."""
    page.set_viewport_size({"width": 1800, "height": 1000})
    page.goto(ui.address)
    page.get_by_role("button", name="Model training").click()
    page.get_by_role("button", name="Close", exact=True).click()
    yield page
    # What MLflow writes to the console is its own business; that it asks nobody else is ours.
    complaints[:] = [line for line in complaints if not line.startswith("says ")]


@pytest.fixture
def networks(finished: Project) -> list[str]:
    return list(finished.params()["figures"]["networks"])


def link(page: Page | Locator, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def open_runs(page: Page, pipeline: str) -> None:
    link(page, pipeline).click()
    expect(page.get_by_role("checkbox", name="Select all runs")).to_be_visible()


def open_run(page: Page, pipeline: str, variant: str) -> None:
    open_runs(page, pipeline)
    link(page, variant).click()
    expect(page.get_by_role("heading", name=variant, exact=True)).to_be_visible()


def test_every_pipeline_is_an_experiment(home: Page) -> None:
    for pipeline in PIPELINES:
        expect(link(home, pipeline)).to_be_visible()


def test_an_experiment_tells_first_which_variant_leads(home: Page, networks: list[str]) -> None:
    open_runs(home, "figures")
    expect(home.get_by_text("Best by")).to_be_visible()
    for variant in networks:
        cell = home.get_by_role("table").get_by_role("cell", name=variant, exact=True)
        expect(cell).to_have_count(1)


def test_a_metric_that_one_asks_for_stands_in_the_table_of_runs(
    home: Page, finished: Project, networks: list[str]
) -> None:
    open_runs(home, "figures")
    home.get_by_role("button", name="Columns").click()
    home.get_by_placeholder("Search columns").fill("test/cross_entropy")
    home.get_by_role("strong").filter(
        has_text="test/cross_entropy"
    ).click()  # as what is found is set
    home.keyboard.press("Escape")
    runs = {run.info.run_name: run for run in finished.runs("figures")}
    for variant in networks:
        run = runs[variant]
        cell = home.locator(f"[row-id='{run.info.run_id}'] [col-id='metrics.`test/cross_entropy`']")
        expect(cell).to_be_visible()
        assert float(cell.inner_text()) == pytest.approx(run.data.metrics["test/cross_entropy"])


def test_ticked_runs_are_compared_in_charts(home: Page, networks: list[str]) -> None:
    open_runs(home, "figures")
    for variant in networks:
        row = home.get_by_role("row").filter(has=link(home, variant))
        row.get_by_role("checkbox", name="row selection").check()
    home.get_by_role("button", name="Compare").click()
    expect(home.get_by_role("heading", name=f"Comparing {len(networks)} Runs")).to_be_visible()
    for variant in networks:
        expect(home.get_by_role("row", name="Run Name:")).to_contain_text(variant)
    for chart in ("Parallel Coordinates Plot", "Scatter Plot"):
        home.get_by_role("tab", name=chart).click()
        home.wait_for_function(PAINTED)


def test_the_chart_view_draws_every_variant_in_the_chart_of_a_metric(
    home: Page, networks: list[str]
) -> None:
    open_runs(home, "figures")
    home.locator("label:has(input[value=CHART])").click()
    search = home.get_by_placeholder("Search metric charts")
    search.fill("^test/accuracy$")
    expect(home.locator(".js-plotly-plot .bars .point path")).to_have_count(len(networks))
    search.fill("^train/loss$")
    curves = home.locator(".js-plotly-plot .js-line[style*='stroke-opacity: 1;']")
    expect(curves).to_have_count(len(networks))


def test_a_run_shows_its_pictures(home: Page, finished: Project) -> None:
    open_run(home, "figures", "demo_1")
    home.get_by_role("tab", name="Artifacts").click()
    home.get_by_text("plots", exact=True).click()
    home.get_by_text("loss_curves.png", exact=True).click()
    picture = home.get_by_role("img", name="plots/loss_curves.png")
    expect(picture).to_be_visible()
    with Image.open(finished.root / "results/figures/demo_1/plots/loss_curves.png") as drawn:
        assert tuple(picture.evaluate(SIZE)) == drawn.size


def test_a_runs_model_is_there_with_its_files(home: Page) -> None:
    open_run(home, "figures", "demo_1")
    link(home.get_by_role("grid"), "model").click()
    expect(home.get_by_text("Ready", exact=True)).to_be_visible()
    link(home, "Artifacts").click()
    for file in ("MLmodel", "serving_input_example.json", "requirements.txt"):
        expect(home.get_by_text(file, exact=True)).to_be_visible()


def test_the_registry_leads_to_the_run_of_every_champion(home: Page, finished: Project) -> None:
    store = mlflow.MlflowClient(f"sqlite:///{finished.root / 'mlflow.db'}")
    link(home, "Model registry").click()
    home.get_by_role("button", name="Try it now").click()  # closes MLflow's greeting
    for pipeline in PIPELINES:
        champion = store.get_model_version_by_alias(pipeline, "champion")
        row = home.get_by_role("row").filter(has=link(home, pipeline))
        row.get_by_role("link", name=f"champion : Version {champion.version}").click()
        link(home, store.get_run(champion.run_id).info.run_name).click()
        expect(home.get_by_text(champion.run_id).first).to_be_visible()
        link(home, "Model registry").click()


def processes(server: Server) -> list[psutil.Process]:
    command = psutil.Process(server.process.pid)
    return [command, *command.children(recursive=True)]


def test_the_ui_listens_on_this_machine_alone(ui: Server) -> None:
    listening = {
        connection.laddr.ip
        for process in processes(ui)
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}


def test_the_ui_sends_no_usage_data(ui: Server) -> None:
    *_, server = processes(ui)
    assert server.environ()["MLFLOW_DISABLE_TELEMETRY"] == "true"
