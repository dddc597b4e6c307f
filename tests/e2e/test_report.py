"""The report as a reader has it: made by the command, opened in headless Chromium at two widths, and printed."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.runs import run
from tests.orchestration.reporting.tiny_marts import TOPIC, Tiny, make_marts

pytestmark = pytest.mark.slow

CHROMIUM = shutil.which("chromium")
TEXT = "合成的长帖子，没有空格也没有标点" * 12 + "https://example.org/" + "a" * 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report of an event with long texts, made as a person makes it."""
    data = tmp_path_factory.mktemp("report")
    posts = [Tiny("weibo", hour / 7, "negative", 10 * hour, TEXT) for hour in range(400)]
    posts += [Tiny("douyin", hour / 3, "neutral", 70_000) for hour in range(100)]
    make_marts(data / "serving" / "marts.duckdb", posts, statement_at=40)
    done = run(data, "report", "--topic", TOPIC)
    assert done.returncode == 0, done.stderr
    (page,) = data.glob(f"reports/{TOPIC}/*/report.html")
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
def test_nothing_overflows_and_nothing_is_loaded(folder, browser, name, width):
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    # What is wider than the page scrolls in a box of its own; nothing else reaches past the edge.
    outside = page.evaluate(
        """() => [...document.querySelectorAll("body *")]
             .filter(one => one.getBoundingClientRect().right > innerWidth + 1 && !one.closest(".scroll"))
             .map(one => one.outerHTML.slice(0, 120))"""
    )
    assert outside == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
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
    cut = page.evaluate(
        """() => [...document.querySelectorAll("svg.chart text")].filter(one => {
             const text = one.getBoundingClientRect(), chart = one.closest("svg").getBoundingClientRect();
             return text.width && (text.left < chart.left - 2 || text.right > chart.right + 2);
           }).map(one => one.textContent)"""
    )
    assert cut == []
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
        assert -1 < box["y"] < 900  # a scroll ends on a whole pixel, the line it ends at need not begin on one
    page.locator("header a", has_text="English").click()
    assert "Volume" in page.locator("h2, .card").all_inner_texts()[1]
    page.close()


def test_without_a_script_and_in_print_it_is_whole(folder, browser):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((folder / "report.html").as_uri())
    page.emulate_media(media="print")
    assert page.locator("ol.references li").count() > 100
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    page.close()


def test_the_commands_name_what_is_missing(folder, tmp_path):
    data = folder.parents[2]
    unknown = run(data, "report", "--topic", "moon")
    assert unknown.returncode == 1
    assert "'moon' is not published; published topics: demo" in unknown.stderr
    assert "Nothing is published yet" in run(tmp_path, "report").stderr
    assert "2026-01-06T12:00" in run(data, "report", "--as-of", "noon").stderr
    told = run(data, "explain", "volume.weibo")
    assert told.returncode == 0
    assert re.search(r"Now: +400, which would print 400 \(the same\)", told.stdout)
