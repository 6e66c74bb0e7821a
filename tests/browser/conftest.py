"""A real browser for the tests of what a person sees; it reaches this machine and no other."""

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.workflow.project import Project

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
            args=["--disable-dev-shm-usage"],  # /dev/shm is small in a container
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


@dataclass
class Server:
    """A server that a command started.

    Attributes:
        address: of its first page.
        process: the command; the server is it or a child of it.
    """

    address: str
    process: subprocess.Popen[bytes]

    def answers(self) -> bool:
        try:
            return urllib.request.urlopen(self.address, timeout=10).status == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def ui(finished: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The MLflow UI over the finished project, as `make ui` starts it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("ui") / "log.txt"
    with log.open("wb") as file:
        process = subprocess.Popen(
            # The environment of the tests takes the place of the one that make would set up.
            ["make", "--old-file=.venv/bin/.installed", "ui", f"PORT={port}"],
            cwd=finished.root,
            env=finished.environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(f"http://127.0.0.1:{port}/", process)
    try:
        deadline = time.monotonic() + 180
        while not server.answers():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield server
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
