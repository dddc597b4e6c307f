"""docs/adding-a-platform.md lists the files that the addition of Bilibili touched."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "adding-a-platform.md").read_text(encoding="utf-8")
IMPORTED_ONLY = GUIDE.split("## Imported only")[1].split("## Crawled as well")[0]
LISTED = re.findall(r"^\| `([^`]+)` \|", IMPORTED_ONLY, re.MULTILINE)


def files_that_mention(word: str) -> set[str]:
    """Files outside of tests and docs with the word in their path or text."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {
        name
        for name in names.split("\0")
        if name and not name.startswith(("tests/", "docs/")) and not name.endswith(".md")
        if word in name or word.encode() in (ROOT / name).read_bytes().lower()
    }


def test_each_listed_file_exists() -> None:
    assert [path for path in LISTED if not (ROOT / path).is_file()] == []


def test_the_list_is_every_file_that_mentions_the_platform() -> None:
    assert set(LISTED) == files_that_mention("bilibili")
    assert len(LISTED) == len(set(LISTED)) <= 12
