"""The browser of these tests runs scripts, and tells of what a page must not do."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect


def open_page(page: Page, folder: Path, body: str) -> None:
    file = folder / "page.html"
    file.write_text(f"<!doctype html><title>Page</title><h1>Hello</h1>{body}")
    page.goto(file.as_uri())


def test_a_page_is_shown_as_its_script_leaves_it(page: Page, tmp_path: Path) -> None:
    script = "document.querySelector('h1').textContent += ' there'"
    open_page(page, tmp_path, f"<script>{script}</script>")
    expect(page.get_by_role("heading")).to_have_text("Hello there")


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('<img src="https://example.com/picture.png">', "asks https://example.com/picture.png"),
        ("<script>missing()</script>", "raises missing is not defined"),
        ("<script>console.error('no data')</script>", "says no data"),
    ],
)
def test_a_page_that_asks_elsewhere_or_fails_is_told_on(
    page: Page, complaints: list[str], tmp_path: Path, body: str, complaint: str
) -> None:
    open_page(page, tmp_path, body)
    assert complaint in complaints
    complaints.clear()
