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
    page.goto(paths.report_file().as_uri())
    page.screenshot(path=FOLDER / "report.png")


def open_link(page: Page, link: str, height: int) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto("about:blank")
    page.goto(link)


def close_message(page: Page) -> None:
    """Close the message that the view is a shared one."""
    message = page.get_by_text("You're viewing a shared view", exact=False)
    message.wait_for()
    message.locator("xpath=ancestor::div[.//button][1]").get_by_role("button").last.click()
    message.wait_for(state="detached")


def save(page: Page, name: str) -> None:
    assistant = page.get_by_role("button", name="MLflow Assistant")
    assistant.evaluate("button => button.style.visibility = 'hidden'")
    page.mouse.move(700, 5)
    page.wait_for_timeout(4000)
    page.screenshot(path=FOLDER / f"{name}.png")


def picture_of_leaderboard(page: Page, link: str) -> None:
    open_link(page, link, 780)
    page.locator(".ag-cell[col-id='metrics.`summary/rmse`']").first.wait_for()
    close_message(page)
    note = page.get_by_text("Ranked by").locator("xpath=ancestor::div[.//button][1]")
    note.locator("button").last.click()
    save(page, "mlflow")


def picture_of_charts(page: Page, link: str) -> None:
    open_link(page, link, 900)
    page.locator(".bars .point path").first.wait_for()
    close_message(page)
    save(page, "mlflow_charts")


def picture_of_comparison(page: Page, link: str) -> None:
    open_link(page, link, 990)
    page.get_by_role("row", name="Run Name:").wait_for()
    page.get_by_role("button", name="Toggle sidebar").click()
    page.get_by_role("button", name="Clear All").click()
    columns = (["kind", "target"], ["summary/crps", "summary/rmse"])
    for box, names in zip(page.get_by_role("combobox").all(), columns, strict=True):
        for name in names:
            box.click()
            box.fill(name)
            page.wait_for_timeout(500)
            page.keyboard.press("Enter")
            page.wait_for_timeout(500)
        page.keyboard.press("Escape")
    page.get_by_role("heading", name="Comparing").click()
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
            page.goto(address)
            page.get_by_role("button", name="Close", exact=True).click()  # the assistant
            draw = (picture_of_leaderboard, picture_of_charts, picture_of_comparison)
            for picture, link in zip(draw, links, strict=True):
                picture(page, link)
        finally:
            chromium.close()
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


if __name__ == "__main__":
    main()
