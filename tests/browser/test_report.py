"""What a person sees in `results/report.html`: in light, in dark, and on a phone."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.workflow.project import PIPELINES, VARIANTS, Project

LIGHTNESS = """element => {
  const channels = getComputedStyle(element).backgroundColor.match(/[\\d.]+/g).slice(0, 3);
  return channels.reduce((sum, channel) => sum + Number(channel), 0) / 3 / 255;
}"""
LOADED = "image => image.decode().then(() => image.naturalWidth * image.naturalHeight)"
OVERFLOW = "element => element.scrollWidth - element.clientWidth"


@pytest.fixture
def report(page: Page, finished: Project) -> Page:
    """The report in a tab."""
    return opened(page, finished)


def opened(page: Page, project: Project) -> Page:
    """Open the report, which must request no other file."""
    file = project.root / "results" / "report.html"
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto(file.as_uri())
    page.wait_for_load_state("networkidle")
    assert [url for url in requests if not url.startswith("data:")] == [file.as_uri()]
    return page


def lightness(element: Locator) -> float:
    return element.evaluate(LIGHTNESS)


def test_pictures_load_tables_begin_with_the_best_and_cards_lead_to_sections(report: Page) -> None:
    pictures = report.get_by_role("img").all()
    assert len(pictures) >= 10
    for picture in pictures:
        assert picture.evaluate(LOADED) > 100 * 100
    for pipeline in PIPELINES:
        rows = report.get_by_role("table", name=f"Leaderboard of {pipeline}").get_by_role(
            "rowheader"
        )
        expect(rows).to_have_count(len(VARIANTS[pipeline]))
        expect(rows.first).to_contain_text("★ best")
    report.get_by_role("link", name="imbalance").click()
    expect(report.get_by_role("heading", name="imbalance")).to_be_in_viewport()
    parameters = report.locator("pre")
    expect(parameters).not_to_be_visible()
    report.get_by_text("params.yaml", exact=True).click()
    expect(parameters).to_contain_text("seed: 42")


def test_the_page_follows_the_colour_scheme(report: Page) -> None:
    body, heading = report.locator("body"), report.get_by_role("heading", level=1)
    colour = "element => getComputedStyle(element).color"
    report.emulate_media(color_scheme="light")
    assert lightness(body) > 0.9
    in_light = heading.evaluate(colour)
    report.emulate_media(color_scheme="dark")
    assert lightness(body) < 0.2
    assert heading.evaluate(colour) != in_light
    assert lightness(report.get_by_role("img").first) == 1  # pictures are drawn on white


@pytest.fixture
def phone(chromium: Browser, finished: Project) -> Iterator[Page]:
    context = chromium.new_context(
        viewport={"width": 390, "height": 844}, device_scale_factor=3, is_mobile=True
    )
    yield opened(context.new_page(), finished)
    context.close()


def test_on_a_phone_tables_scroll_and_the_page_does_not(phone: Page) -> None:
    assert phone.evaluate("window.innerWidth") == 390
    phone.get_by_text("params.yaml", exact=True).click()
    assert phone.locator("html").evaluate(OVERFLOW) == 0
    box = phone.get_by_role("region", name="Leaderboard of digits")
    assert box.evaluate(OVERFLOW) > 0
    box.focus()
    phone.keyboard.press("ArrowRight")
    phone.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())
    for picture in phone.get_by_role("img").all():
        assert picture.bounding_box()["width"] <= 390
    sizes = phone.locator("p, th, td, dd, figcaption").evaluate_all(
        "all => all.map(one => parseFloat(getComputedStyle(one).fontSize))"
    )
    assert min(sizes) >= 12
