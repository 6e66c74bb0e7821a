"""Draw the screenshots in `docs/pictures/`: `python -m tests.browser.screenshots`.

They show the report and the MLflow UI over the project's own results, 1,400 pixels wide.
"""

import os
import shutil
import signal
import subprocess

from playwright.sync_api import Page, sync_playwright

from stages import paths
from tests.browser.conftest import BROWSERS
from tests.workflow.project import MAKE, answers, held_port, wait_until

FOLDER = paths.ROOT / "docs" / "pictures"
WIDTH = 1400


def picture_of_report(page: Page) -> None:
    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.goto(paths.report_page().as_uri())
    page.screenshot(path=FOLDER / "report.png")


def open_link(page: Page, link: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto("about:blank")
    page.goto(link)


def save(page: Page, name: str) -> None:
    assistant = page.get_by_role("button", name="MLflow Assistant")
    assistant.evaluate("button => button.style.visibility = 'hidden'")
    page.mouse.move(700, 5)
    page.wait_for_timeout(4000)
    page.screenshot(path=FOLDER / f"{name}.png")


def pictures_of_mlflow(page: Page, address: str, view: str, compare: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Close", exact=True).click()  # the assistant
    open_link(page, view, 780)
    page.locator(".ag-cell[col-id='metrics.`summary/rmse`']").first.wait_for()
    message = page.get_by_text("You're viewing a shared view", exact=False)
    message.locator("xpath=ancestor::div[.//button][1]").get_by_role("button").last.click()
    note = page.get_by_text("Ranked by").locator("xpath=ancestor::div[.//button][1]")
    note.locator("button").last.click()
    save(page, "mlflow")
    open_link(page, compare, 960)
    page.get_by_role("row", name="Run Name:").wait_for()
    page.get_by_role("button", name="Toggle sidebar").click()
    for section in ("Visualizations", "Parameters", "Artifacts", "Tags"):
        page.get_by_role("button", name=section, exact=True).click()
    page.get_by_role("heading", name="Comparing").scroll_into_view_if_needed()
    save(page, "mlflow_compare")


def main() -> None:
    """Start the UI, and save a picture of each page."""
    executable = next(filter(None, map(shutil.which, BROWSERS)))
    with held_port() as port, sync_playwright() as playwright:
        server = subprocess.Popen(
            [*MAKE, "ui", f"PORT={port}"],
            cwd=paths.ROOT,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        address = f"http://127.0.0.1:{port}/"
        chromium = playwright.chromium.launch(executable_path=executable)
        try:
            wait_until(lambda: answers(address))
            output = server.stdout.readline() if server.stdout else ""
            while "imbalance:" not in output:
                output = server.stdout.readline()
            links = [server.stdout.readline().strip() for _ in range(3)]
            page = chromium.new_page()
            page.set_default_timeout(120_000)
            picture_of_report(page)
            pictures_of_mlflow(page, address, links[0], links[2])
        finally:
            chromium.close()
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


if __name__ == "__main__":
    main()
