"""What a person sees who opens `results/report.html`, by day, by night and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.stages.fabricated import fabricated_project, variants, write_report
from tests.workflow.project import Project

LIGHTNESS = """element => {
  const channels = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).slice(0, 3);
  return channels.reduce((sum, channel) => sum + Number(channel), 0) / 3 / 255;
}"""
LOADED = "image => image.decode().then(() => image.naturalWidth * image.naturalHeight)"
OVERFLOW = "element => element.scrollWidth - element.clientWidth"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = fabricated_project(tmp_path_factory.mktemp("fabricated"))
    write_report(project)
    return project


@pytest.fixture
def report(page: Page, project: Project) -> Page:
    """The report in a tab that fails the test if it asks for any other file."""
    return opened(page, project)


def opened(page: Page, project: Project) -> Page:
    file = project.root / "results" / "report.html"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
    return page


def lightness(of: Locator) -> float:
    return of.evaluate(LIGHTNESS)


def test_all_pictures_are_shown_and_come_from_the_page_itself(report: Page) -> None:
    pictures = report.get_by_role("img").all()
    assert len(pictures) >= 6
    for picture in pictures:
        assert picture.evaluate(LOADED) == 90 * 150


def test_every_pipeline_has_a_table_whose_best_variant_stands_first(
    report: Page, project: Project
) -> None:
    for pipeline, names in variants(project).items():
        table = report.get_by_role("table", name=f"Variants of {pipeline}, the best first")
        rows = table.get_by_role("rowheader")
        expect(rows).to_have_count(len(names))
        expect(rows.first).to_contain_text("★ best")
        expect(table.get_by_text("★ best")).to_have_count(1)


def test_a_card_leads_to_its_pipeline(report: Page) -> None:
    report.get_by_role("link", name="imbalance").click()
    expect(report.get_by_role("heading", name="imbalance")).to_be_in_viewport()


def test_parameters_unfold(report: Page) -> None:
    parameters = report.locator("pre")
    expect(parameters).not_to_be_visible()
    report.get_by_text("params.yaml", exact=True).click()
    expect(parameters).to_be_visible()
    expect(parameters).to_contain_text("seed: 42")


def test_the_page_is_light_by_day_and_dark_by_night(report: Page) -> None:
    body, heading = report.locator("body"), report.get_by_role("heading", level=1)
    report.emulate_media(color_scheme="light")
    assert lightness(body) > 0.9
    by_day = heading.evaluate("element => getComputedStyle(element).color")
    report.emulate_media(color_scheme="dark")
    assert lightness(body) < 0.2
    assert heading.evaluate("element => getComputedStyle(element).color") != by_day
    assert lightness(report.get_by_role("img").first) == 1  # pictures are drawn on white


@pytest.fixture
def phone(chromium: Browser, project: Project) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True
    )
    yield opened(context.new_page(), project)
    context.close()


def test_on_a_phone_the_page_never_scrolls_sideways_but_its_tables_do(phone: Page) -> None:
    assert phone.locator("html").evaluate(OVERFLOW) == 0
    assert phone.evaluate("window.innerWidth") == 390
    boxes = [box for box in phone.get_by_role("region").all() if box.evaluate(OVERFLOW) > 0]
    assert boxes
    for box in boxes:
        assert box.evaluate("box => (box.scrollBy(50, 0), box.scrollLeft)") > 0
    phone.get_by_text("params.yaml", exact=True).click()
    assert phone.locator("html").evaluate(OVERFLOW) == 0


def test_on_a_phone_pictures_fit_the_screen_and_words_can_be_read(phone: Page) -> None:
    for picture in phone.get_by_role("img").all():
        assert picture.bounding_box()["width"] <= 390
    sizes = phone.locator("p, th, td, dd, figcaption").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 12


def test_a_table_can_be_scrolled_with_the_keyboard(phone: Page) -> None:
    box = phone.get_by_role("region", name="Variants of digits")
    box.focus()
    phone.keyboard.press("ArrowRight")
    phone.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
