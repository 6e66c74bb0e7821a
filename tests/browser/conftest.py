"""A real browser for the tests of what a person sees; it reaches this machine and no other."""

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HERE = ("http://127.0.0.1:", "file:", "data:", "blob:")


# Not of the session: while Playwright is started, no other test can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Chromium without a window; where there is none, a skip, or a failure if it is required."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not executable:
        reason = f"no browser here: none of {', '.join(BROWSERS)} is on the PATH"
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            chromium_sandbox=os.geteuid() != 0,  # which root cannot have
            args=["--disable-dev-shm-usage"],  # which is small in a container
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """What the page asked of another machine, and what its scripts complained of."""
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A fresh tab; a test fails that leaves complaints."""

    def refuse(route: Route) -> None:
        complaints.append(f"asks {route.request.url}")
        route.abort()

    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    context.set_default_timeout(60_000)
    context.route(lambda url: not url.startswith(HERE), refuse)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(f"raises {error}"))
    page.on("console", lambda said: said.type == "error" and complaints.append(f"says {said.text}"))
    yield page
    context.close()
    assert complaints == []
