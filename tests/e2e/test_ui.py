"""The Dagster UI in headless Chromium, as a data engineer uses it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.runs import ROOT, environment, figures, land_a_bad_row, served

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
DAY = "2026-01-03"
OBSERVATIONS = "select count(*) from marts.fct_post_observations"


def wait_for(what: Callable[[], Any], seconds: float) -> Any:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := what():
            return found
        time.sleep(1)
    pytest.fail(f"waited {seconds} s in vain")


class Webserver:
    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, query: str) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.url}/graphql", json.dumps({"query": query}).encode(), {"Content-Type": "application/json"}
        )
        # Starting a run takes a webserver longer than half a minute if four test processes share two cores.
        with urllib.request.urlopen(request, timeout=300) as response:
            answer: dict[str, Any] = json.load(response)["data"]
        return answer

    def is_up(self) -> bool:
        try:
            repositories = self.query("{ repositoriesOrError { __typename } }")["repositoriesOrError"]
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return bool(repositories["__typename"] == "RepositoryConnection")

    def finished_runs(self) -> list[dict[str, Any]]:
        runs = self.query("{ runsOrError { ... on Runs { results { runId status } } } }")["runsOrError"]["results"]
        return [run for run in runs if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"}]


@pytest.fixture(scope="module")
def webserver(event: Path, sandbox: str) -> Iterator[Webserver]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        Path(sys.executable).with_name("dagster"),
        "dev",
        "-w",
        "workspace.yaml",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    with (event / "dev.log").open("w") as log, subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment(event, TINGFENG_SANDBOX_URL=sandbox),
        stdout=log,
        stderr=log,
        start_new_session=True,
    ) as server:  # fmt: skip
        try:
            web = Webserver(f"http://127.0.0.1:{port}")
            wait_for(web.is_up, 300)
            yield web
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)


@pytest.fixture
def page(webserver: Webserver) -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; Debian's package is 'chromium'")
    from playwright.sync_api import sync_playwright

    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]  # fmt: skip
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=quiet)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, base_url=webserver.url)
        page.set_default_timeout(60_000)
        yield page
        browser.close()


def test_the_graph_leads_from_raw_to_served_assets(page):
    page.goto("/asset-groups")
    left = {}
    for group in ("raw", "enriched", "intermediate", "marts", "serving"):
        node = page.locator("foreignObject", has_text=group).first
        node.wait_for()
        left[group] = node.bounding_box()["x"]
    assert sorted(left, key=lambda group: left[group]) == list(left)


def test_a_partition_materialized_again_from_the_ui_changes_no_number_and_doubles_nothing(page, webserver, event):
    before, runs, observations = figures(event), len(webserver.finished_runs()), served(event, OBSERVATIONS)
    page.goto("/asset-groups~" + quote('key:"raw/weibo_posts"+', safe=""))
    page.locator("foreignObject", has_text="marts").first.wait_for()
    button = page.get_by_role("button", name="Materialize all")
    button.first.click()
    page.get_by_text("Show all partitions").click()
    days = page.get_by_role("dialog").locator("input[type=text]").first
    days.fill(DAY)
    days.press("Tab")
    page.get_by_role("button", name="Launch 1 run").click()
    finished = wait_for(lambda: len(found := webserver.finished_runs()) > runs and found, 600)
    assert finished[0]["status"] == "SUCCESS"
    assert figures(event) == before
    assert served(event, OBSERVATIONS) > observations


def test_checks_are_shown(page):
    page.goto("/assets/raw/weibo_posts?view=checks")
    for check in ("crawl_health", "rows"):
        page.get_by_text(check).first.wait_for()
    page.get_by_text("Succeeded").first.wait_for()


def test_a_failing_check_blocks_and_is_shown(page, webserver, event):
    bad = land_a_bad_row(event, DAY)
    before, runs = figures(event), len(webserver.finished_runs())
    page.goto("/locations/tingfeng/jobs/catch_up")
    page.get_by_role("button", name="Materialize").first.click()
    page.get_by_role("button", name="Confirm").click()  # hot lists, which are upstream, were never read
    finished = wait_for(lambda: len(found := webserver.finished_runs()) > runs and found, 600)
    assert finished[0]["status"] == "FAILURE"
    assert figures(event) == before
    bad.unlink()
    page.goto("/assets/enriched/posts?view=checks")
    page.get_by_text("raw_rows").first.click()
    page.get_by_text("Failed").first.wait_for()
