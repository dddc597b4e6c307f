"""Lost raw files, and which of them were collected again."""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from core.contracts.raw import SCHEMAS, RawTable
from core.platforms import PLATFORMS, Platform
from core.storage import landings
from core.storage.raw import raw_files, table_dir


class LostFile(NamedTuple):
    """A raw file that the manifest names and that is gone. rows: None if the number was never known.

    is_collected_again: see recollected.
    """

    table: RawTable
    platform: Platform
    day: str
    name: str
    rows: int | None
    is_collected_again: bool

    @property
    def path(self) -> str:
        return f"{self.table}/platform={self.platform}/day={self.day}/{self.name}"

    def __str__(self) -> str:
        size = f", {self.rows} rows" if self.rows is not None else ""
        return f"{self.platform} {self.day}: raw file {self.name} of {self.table} is lost{size}."


def find_lost_files(data_dir: Path) -> list[LostFile]:
    """All lost raw files, by table, platform and day. Damaged files are set aside first, and are lost then."""
    lost = [
        (table, platform, day, name, rows)
        for table in SCHEMAS
        for (platform, day), files in raw_files(data_dir, table, PLATFORMS).items()
        for name, rows in files.lost.items()
    ]
    is_collected_again = recollected(data_dir)
    return [LostFile(*file, is_collected_again=is_collected_again(*file[:4])) for file in lost]


def recollected(data_dir: Path) -> Callable[[RawTable, Platform, str, str], bool]:
    """A function of a lost file's table, platform, day and name: True if later crawls cover what it held.

    A file of posts or slices is covered by a later crawl of its day; one of comments or authors, if each day that its
    crawl collected was crawled later. The completeness of the later crawls says whether these days are complete.
    """
    crawls: dict[tuple[Platform, str], list[str]] = defaultdict(list)  # names of the slices' files of a day
    days_of_crawl: dict[tuple[Platform, str], set[str]] = defaultdict(set)
    for platform in PLATFORMS:
        folder = table_dir(data_dir, "slices", platform)
        for path in landings.landed(data_dir, folder):
            day, name = path.removeprefix("day=").split("/")
            days_of_crawl[platform, name].add(day)
            if (folder / path).exists():
                crawls[platform, day].append(name)

    def is_collected_again(table: RawTable, platform: Platform, day: str, name: str) -> bool:
        days = {day} if table in ("posts", "slices") else days_of_crawl[platform, name]
        return bool(days) and all(any(crawl > name for crawl in crawls[platform, one]) for one in days)

    return is_collected_again
