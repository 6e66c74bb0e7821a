"""The report in Chromium: light, dark and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.workflow.project import PIPELINES, VARIANTS, Project

LIGHTNESS = """element => {
  const channels = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).slice(0, 3);
  return channels.reduce((sum, channel) => sum + Number(channel), 0) / 3 / 255;
}"""
LOADED = "image => image.decode().then(() => image.naturalWidth * image.naturalHeight)"
NATURAL_WIDTH = "image => image.naturalWidth"
OVERFLOW = "element => element.scrollWidth - element.clientWidth"


@pytest.fixture
def report(page: Page, finished: Project) -> Page:
    """The report in a tab."""
    return opened(page, finished)


def opened(page: Page, project: Project) -> Page:
    """Open the report and assert that it requests no other file."""
    file = project.root / "results" / "report.html"
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    return page


def lightness(element: Locator) -> float:
    return element.evaluate(LIGHTNESS)


def test_pictures_load_tables_start_with_the_best_variant_and_cards_link_to_sections(
    report: Page,
) -> None:
    pictures = report.get_by_role("img").all()
    assert len(pictures) >= 8
    for picture in pictures:
        assert picture.evaluate(LOADED) > 100 * 100
    for pipeline in PIPELINES:
        rows = report.get_by_role("table", name=f"Leaderboard of {pipeline}").get_by_role(
            "rowheader"
        )
        expect(rows).to_have_count(len(VARIANTS[pipeline]))
        expect(rows.first).to_contain_text("★ best")
    expect(report.get_by_text("★ best").first).to_be_in_viewport()
    report.get_by_role("link", name="imbalance").click()
    expect(report.get_by_role("heading", name="imbalance")).to_be_in_viewport()
    parameters = report.locator("pre")
    expect(parameters).not_to_be_visible()
    report.locator("summary", has_text="params.yaml").click()
    expect(parameters).to_contain_text("seed: 42")


def test_the_report_follows_the_colour_scheme(report: Page) -> None:
    body, heading = report.locator("body"), report.get_by_role("heading", level=1)
    colour = "element => getComputedStyle(element).color"
    report.emulate_media(color_scheme="light")
    assert lightness(body) > 0.9
    in_light = heading.evaluate(colour)
    report.emulate_media(color_scheme="dark")
    assert lightness(body) < 0.2
    assert heading.evaluate(colour) != in_light
    assert lightness(report.get_by_role("img").first) == 1  # pictures have a white background


@pytest.fixture
def phone(chromium: Browser, finished: Project) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True
    )
    yield opened(context.new_page(), finished)
    context.close()


def test_at_half_width_the_report_does_not_scroll_sideways(report: Page) -> None:
    report.set_viewport_size({"width": 700, "height": 1000})
    assert report.locator("html").evaluate(OVERFLOW) == 0


def test_on_a_phone_tables_and_pictures_scroll_and_the_report_does_not(phone: Page) -> None:
    assert phone.evaluate("window.innerWidth") == 390
    expect(phone.get_by_text("★ best").first).to_be_in_viewport()
    phone.locator("summary", has_text="params.yaml").click()
    assert phone.locator("html").evaluate(OVERFLOW) == 0
    box = phone.get_by_role("region", name="Leaderboard of digits")
    assert box.evaluate(OVERFLOW) > 0
    box.focus()
    phone.keyboard.press("ArrowRight")
    phone.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    for figure in phone.locator("figure").all():
        assert figure.bounding_box()["width"] <= 390
        picture = figure.get_by_role("img")
        # At 150 dots per inch, labels of 10 pt are then more than 8 px high.
        assert picture.bounding_box()["width"] >= 0.4 * picture.evaluate(NATURAL_WIDTH)
    sizes = phone.locator("p, th, td, dd, figcaption").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 12
