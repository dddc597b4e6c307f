"""Links, anchors and named paths in the docs exist; analysts' pages exist in both languages."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
_ANCHOR = re.compile(r"\]\((?!https?://)([^)#\s]*)#([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
# A path of the repository in backticks: at least one folder and a suffix, and no placeholder.
_PATH = re.compile(r"`((?:core|scrapers|sandbox|orchestration|expectations|dbt_project|tests|docs)/[\w./-]+\.\w+)`")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_named_paths_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    missing += [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    assert missing == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub forms them."""
    headings = _HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_anchors_of_links_are_headings(page: Path) -> None:
    links = _ANCHOR.findall(page.read_text(encoding="utf-8"))
    dead = [f"{path}#{anchor}" for path, anchor in links if anchor not in anchors(page.parent / path if path else page)]
    assert dead == []


def test_the_tour_names_each_file_once() -> None:
    tour = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").partition("## From a like count")[2]
    files = re.findall(r"\(\.\./([\w./]+)\)", tour)
    assert len(files) > 10
    assert len(files) == len(set(files))


@pytest.mark.parametrize("name", ["importing", "metrics", "report", "collecting"])
def test_analysts_pages_exist_in_both_languages_and_link_to_each_other(name: str) -> None:
    english, chinese = (ROOT / "docs" / f"{name}.md", ROOT / "docs" / "zh" / f"{name}.md")
    assert f"(zh/{name}.md)" in english.read_text(encoding="utf-8")
    assert f"(../{name}.md)" in chinese.read_text(encoding="utf-8")


def test_every_served_table_is_described() -> None:
    tables = (ROOT / "docs" / "tables.md").read_text(encoding="utf-8")
    models = [
        path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql") if path.parent.name != "topics"
    ]
    seeds = [path.stem for path in (ROOT / "dbt_project" / "seeds").rglob("dim_*.csv")]
    assert [name for name in [*models, *seeds] if f"`{name}`" not in tables] == []
