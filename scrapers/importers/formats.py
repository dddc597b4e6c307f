"""The formats that files are recognised by: the known ones, and those that a mapping beside the file describes."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from scrapers.importers import mediacrawler, spider_xhs, weibo_articles, weibo_crawler, weibo_search, weibo_spider
from scrapers.importers.files import TextFile
from scrapers.importers.kinds import TABLES, Kind
from scrapers.importers.mapping import Mapping, kind_of
from scrapers.importers.tallies import Tally

KINDS: tuple[Kind, ...] = (
    *mediacrawler.KINDS,
    *weibo_search.KINDS,
    *weibo_crawler.KINDS,
    *weibo_spider.KINDS,
    *spider_xhs.KINDS,
    *weibo_articles.KINDS,
)
# Files of known formats that have nothing to import.
_SKIPPED = {
    mediacrawler.CREATOR_COLUMNS: "a MediaCrawler creators file; accounts are not imported",
    spider_xhs.USER_COLUMNS: "a Spider_XHS file of accounts; accounts are not imported",
    weibo_spider.COMMENT_COLUMNS: "a WeiboSpider comments file; its rows do not say which post they are of",
}
_SEPARATORS = {"\t": "tabs", ";": "semicolons"}
_LISTED = 12  # column names in a message
# A number, a time or an address.
_VALUE = re.compile(r"\d{5,}|\d{4}-\d|\d:\d\d|://")


def recognise(columns: Collection[str], kinds: Sequence[Kind] = KINDS) -> list[Kind]:
    """The kinds that fit these columns: at most one per table, the one with the most required columns."""
    fitting = sorted((kind for kind in kinds if kind.required <= set(columns)), key=lambda kind: len(kind.required))
    best = {kind.table: kind for kind in fitting}
    return [best[table] for table in TABLES if table in best]


def tallies_of(file: TextFile, mappings: Sequence[tuple[Path, Mapping]]) -> list[Tally]:
    """A tally for each kind that fits the file; one without a kind if none fits."""
    part = f"{file.layout} {file.table}" if file.table else ""
    kinds = recognise(file.columns, [kind_of(mapping) for _, mapping in mappings if mapping.applies_to(file)])
    known = recognise(file.columns) or recognise(file.columns, mediacrawler.OLD_KINDS)
    skipped = None if kinds else next((why for known, why in _SKIPPED.items() if known <= set(file.columns)), None)
    if skipped is not None:
        return [Tally(file.path, part, skipped=skipped)]
    return [Tally(file.path, part, kind) for kind in kinds or known] or [Tally(file.path, part)]


def unknown_format(file: TextFile, mappings: Sequence[tuple[Path, Mapping]]) -> str:
    """The message for a file of an unknown format."""
    if _is_without_header(file):
        return "its first row holds values and not names of columns; add a header row"
    if len(file.columns) == 1 and (separator := re.search("[\t;]", file.columns[0])):
        return f"its cells are separated by {_SEPARATORS[separator[0]]}; save it with commas"
    listed = ", ".join(file.columns[:_LISTED]) + (", ..." if len(file.columns) > _LISTED else "")
    if mappings:
        lacks = "; ".join(
            f"{source.name} names {', '.join(missing)}, which it lacks"
            if (missing := sorted(kind_of(mapping).required - set(file.columns)))
            else f"{source.name} is for sheets called {mapping.sheet}"
            for source, mapping in mappings
        )
        return f"no mapping fits its columns ({listed or 'none'}): {lacks}; correct the mapping"
    known = ", ".join(dict.fromkeys(kind.name.split()[0] for kind in KINDS))
    return (
        f"no known format has its columns ({listed or 'none'}). Known are the files of {known}; for others write a "
        "mapping, docs/importing.md says how"
    )


def _is_without_header(file: TextFile) -> bool:
    """True for a CSV file that begins with a row. Its cells may name people, and are not shown."""
    return file.layout == "csv" and sum(bool(_VALUE.search(name)) for name in file.columns) > 1
