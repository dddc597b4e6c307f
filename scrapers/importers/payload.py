"""Payloads and pseudonyms for a whole frame at once; the same results as scrapers.pseudonym.scrub and pseudonym."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

import polars as pl

from core.platforms import FACTS, Platform
from scrapers.importers.columns import column, without_tail_names
from scrapers.parsers.bodies import load_object
from scrapers.pseudonym import NAME_KEYS, PERSON_KEYS, scrub


def pseudonyms(author_ids: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """The pseudonym of each id, as core.storage.pseudonym_key.pseudonym computes it; null and "" stay as they are.

    Each distinct id is hashed once. HMAC is written out (RFC 2104), so that the key is hashed once and not with every
    id. That takes a third of the time, and this is most of the Python time of an import. A test compares the two.
    """
    distinct = [author_id for author_id in author_ids.unique().to_list() if author_id]
    hashed = distinct
    for part in key.split(b"\n"):
        hashed = _hashed(hashed, platform, part)
    return author_ids.replace(distinct, hashed)


def _hashed(ids: Sequence[str], platform: Platform, key: bytes) -> list[str]:
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    begun = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{platform}:".encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def hashed(author_id: str) -> str:
        inner, whole = begun.copy(), outer.copy()
        inner.update(author_id.encode())
        whole.update(inner.digest())
        return whole.hexdigest()[:20]

    return list(map(hashed, ids))


def hashed_ids(rows: pl.DataFrame, names: Sequence[str], platform: Platform, key: bytes) -> pl.Series:
    """Ids for comments without ids: the keyed hash of these columns. Equal comments of one person get the same id."""
    parts = [column(rows, name).fill_null("") for name in names]
    return pseudonyms(pl.select(pl.concat_str(parts, separator="\n")).to_series(), platform, key)


def payloads(rows: pl.DataFrame, platform: Platform, key: bytes) -> pl.Series:
    """Each row as a JSON object of text values, without personal data. Columns without any value are left out.

    All values are text, so that a row gives the same payload whether it came as CSV or as JSON.
    """
    kept = [cells for cells in rows.iter_columns() if cells.null_count() < rows.height]
    scrubbed = pl.DataFrame(
        [_without_uploader(_scrub(cells, platform, key), platform) for cells in kept], height=rows.height
    )
    if not scrubbed.columns:
        return pl.repeat("{}", rows.height, eager=True).alias("payload")
    return scrubbed.select(pl.struct(pl.all()).struct.json_encode().alias("payload")).to_series()


# Places and devices that no reader uses, and in which people write their names ("小林的iPhone"). They are emptied.
_FREE_WORDS = frozenset({"发布位置", "发布工具", "位置", "工具", "location", "source", "geo"})

# Ids of pictures contain the uploader's id; scrapers.pseudonym removes the same from JSON.
_PICTURES: Mapping[Platform, tuple[str, str]] = {
    "weibo": (
        r"(^|[^0-9A-Za-z])(?:00[0-9A-Za-z]{6}|[0-9a-f]{8})((?:ly|gy|gw|jw|tw)\d[0-9a-z]{6})",
        "${1}00000000${2}",
    ),
    "xiaohongshu": (r"1040g[0-9a-z]{20,}", "1040g"),
}


def _without_uploader(cells: pl.Series, platform: Platform) -> pl.Series:
    """The cells without the uploader's id in addresses of pictures."""
    if platform not in _PICTURES or not cells.str.contains("://", literal=True).any():
        return cells
    return cells.str.replace_all(*_PICTURES[platform])


# The patterns of persons' ids in addresses without conditions on what is around them, which polars does not know: they
# match the same and more.
_SUSPECT_PLACES: Mapping[Platform, str] = {
    platform: re.sub(r"\(\?<?[!=][^()]*\)", "", facts.person_id_places.pattern).replace("?P<id>", "?:")
    for platform, facts in FACTS.items()
    if facts.person_id_places is not None
}
_ANY_PLACE = "|".join(f"(?:{pattern})" for pattern in _SUSPECT_PLACES.values())


def _without_persons_in_places(cells: pl.Series, key: bytes) -> pl.Series:
    """The cells with pseudonyms in place of persons' ids in addresses, such as their pages, on any platform."""
    with_signs = cells.filter(cells.str.contains_any(["/", "="]).fill_null(False))
    suspects = with_signs.filter(with_signs.str.contains(_ANY_PLACE)).unique()
    if suspects.is_empty():
        return cells
    replaced = suspects
    for platform, pattern in _SUSPECT_PLACES.items():
        found: list[str] = replaced.filter(replaced.str.contains(pattern)).to_list()
        replaced = replaced.replace(found, [scrub(cell, platform, key) for cell in found])
    return cells.replace(suspects, replaced)


def _scrub(cells: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    if cells.name in PERSON_KEYS:
        suspects = cells.is_not_null()
    elif cells.name in NAME_KEYS or cells.name in FACTS[platform].name_keys or cells.name in _FREE_WORDS:
        return pl.repeat("", len(cells), eager=True).alias(cells.name)
    elif cells.name in FACTS[platform].person_id_keys:
        return pseudonyms(cells, platform, key)
    else:
        cells = without_tail_names(cells)
        suspects = _may_be_json(cells)
        if not suspects.any():
            return _without_persons_in_places(cells, key)
    nested: list[str] = cells.filter(suspects).unique().to_list()
    scrubbed = cells.replace(nested, [_scrub_cell(cells.name, cell, platform, key) for cell in nested])
    return _without_persons_in_places(scrubbed, key)


def _may_be_json(cells: pl.Series) -> pl.Series:
    """True if a cell begins like a JSON list or object."""
    if ((cells < "!") & (cells != "")).any():  # with white space before
        return cells.str.contains(r"^\s*[\[{]").fill_null(False)
    # In the order of bytes \\ follows on [, and | on {. To compare takes a third of the time of an expression.
    is_list = cells.is_between("[", "\\", closed="left")
    is_object = cells.is_between("{", "|", closed="left")
    return (is_list | is_object).fill_null(False)


def _scrub_cell(name: str, cell: str, platform: Platform, key: bytes) -> str:
    """Scrub a cell that may be a JSON object or list with personal data in it."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        value = cell
    if isinstance(value, str) and name not in PERSON_KEYS:
        return cell
    text = scrub(json.dumps({name: value}), platform, key)
    record = load_object(text.encode())
    if record is None:  # nested too deep to be walked through: the text says how long it was
        return text
    scrubbed = record[name]
    return scrubbed if isinstance(scrubbed, str) else json.dumps(scrubbed, ensure_ascii=False, separators=(",", ":"))
