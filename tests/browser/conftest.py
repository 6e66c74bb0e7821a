"""A browser that reaches this machine and no other, and the MLflow UI."""

import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import psutil
import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.workflow.project import (
    MAKE,
    PIPELINES,
    Project,
    answers,
    cannot_run,
    held_port,
    wait_until,
)

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
HERE = ("http://127.0.0.1:", "file:", "data:", "blob:")


# Not of the session: while Playwright is started, no other test can run an event loop.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium."""
    executable = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not executable:
        cannot_run(f"none of {', '.join(BROWSERS)} is on the PATH", "REQUIRE_BROWSER")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable,
            args=["--disable-dev-shm-usage"],  # /dev/shm is small in a container
        )
        yield browser
        browser.close()


@pytest.fixture
def complaints() -> list[str]:
    """Requests of the page to other machines, and errors of its scripts."""
    return []


@pytest.fixture
def page(chromium: Browser, complaints: list[str]) -> Iterator[Page]:
    """A new tab; a test that leaves complaints fails."""

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


@dataclass
class UI:
    """The MLflow UI.

    Attributes:
        address: of its first page.
        processes: `make` and the server.
        views: by pipeline, the link to its leaderboard.
        charts: by pipeline, the link to its charts.
        comparisons: by pipeline, the link to *Compare* over its variants.
    """

    address: str
    processes: list[psutil.Process]
    views: dict[str, str]
    charts: dict[str, str]
    comparisons: dict[str, str]


@pytest.fixture(scope="module")
def ui(finished: Project) -> Iterator[UI]:
    """The MLflow UI over the finished project, as `make ui` starts it."""
    with held_port() as port:
        address = f"http://127.0.0.1:{port}/"
        process = finished.start(*MAKE, "ui", f"PORT={port}")
        try:
            lines = (line.strip() for line in process.stdout if address in line)
            links = list(islice(lines, 3 * len(PIPELINES)))  # they are printed at once
            wait_until(lambda: answers(address) or process.poll() is not None)
            assert process.poll() is None, process.communicate()[0]
            command = psutil.Process(process.pid)
            processes = [command, *command.children(recursive=True)]
            kinds = (dict(zip(PIPELINES, links[kind::3], strict=True)) for kind in range(3))
            yield UI(address, processes, *kinds)
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
