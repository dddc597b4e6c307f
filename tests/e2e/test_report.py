"""The report as readers see it: made by the command, opened in headless Chromium at two widths, and printed."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import run
from tests.report_topics import publish_only

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")


@pytest.fixture(scope="module")
def folder(report_snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report of an event with long texts, made by the command."""
    data = tmp_path_factory.mktemp("report")
    publish_only(report_snapshot, "long_texts", data / "serving" / "marts.duckdb")
    done = run(data, "report", "--topic", "long_texts")
    assert done.returncode == 0, done.stderr
    (page,) = data.glob("reports/long_texts/*/report.html")
    assert str(page) in done.stdout
    return page.parent


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine; Debian's package is 'chromium'")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("name", ["report.html", "report.en.html"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_do_not_overflow_and_load_nothing(folder, browser, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((folder / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # Content wider than the page scrolls in its own box; nothing else extends past the edge.
    outside = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
             .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"))
             .map(one => one.outerHTML.slice(0, 120))"""
    )
    assert outside == []
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    page.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_charts_are_legible(folder, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto((folder / "report.html").as_uri())
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart text")].filter(one => one.getBoundingClientRect().width)
             .map(one => one.getBoundingClientRect().height)"""
    )
    assert len(sizes) > 20
    assert min(sizes) >= 10
    cut_off = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart text")].filter(one => {
             const text = one.getBoundingClientRect(), chart = one.closest("svg").getBoundingClientRect();
             return text.width && (text.left < chart.left - 2 || text.right > chart.right + 2);
           }).map(one => one.textContent)"""
    )
    assert cut_off == []
    page.close()


def test_references_click_through(folder, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto((folder / "report.html").as_uri())
    for link in ("main p a.f", "td a.f", "svg a.f"):
        first = page.locator(link).first
        name, target = first.get_attribute("data-figure"), first.get_attribute("href")
        first.click()
        assert page.url.endswith(str(target))
        reference = page.locator(str(target))
        assert reference.locator("b").inner_text() == name
        assert "select" in reference.inner_text()
        box = reference.bounding_box()
        assert -1 < box["y"] < 900  # the browser scrolls by whole pixels, but a line can begin between two
    page.locator("header a", has_text="English").click()
    assert "Volume" in page.locator("h2, .card").all_inner_texts()[1]
    page.close()


def test_the_report_is_complete_without_scripts_and_in_print(folder, browser):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((folder / "report.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator("ol.references li").count() > 100
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    page.close()


def test_the_commands_name_unknown_and_missing_things(folder, tmp_path):
    data = folder.parents[2]
    unknown = run(data, "report", "--topic", "moon")
    assert unknown.returncode == 1
    assert "'moon' is not published; published topics: long_texts" in unknown.stderr
    assert "Nothing is published yet" in run(tmp_path, "report").stderr
    assert "2026-01-06T12:00" in run(data, "report", "--as-of", "noon").stderr
    explained = run(data, "explain", "volume.weibo")
    assert explained.returncode == 0
    assert re.search(r"Now: +400, which would print 400 \(the same\)", explained.stdout)
