"""The row as it was received, without who wrote it: what scrapers.pseudonym.scrub does, for a whole frame at once."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence

import polars as pl

from scrapers.importers.columns import column
from scrapers.items import Platform
from scrapers.pseudonym import ID_KEYS, NAME_KEYS, PERSON_KEYS, scrub


def pseudonyms(author_ids: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """As scrapers.pseudonym.pseudonym, each distinct id hashed once; null and "" stay as they are."""
    distinct = [author_id for author_id in author_ids.unique().to_list() if author_id]
    begun = hmac.new(key, f"{platform}:".encode(), hashlib.sha256)  # to begin it anew for each id takes twice as long

    def hashed(author_id: str) -> str:
        code = begun.copy()
        code.update(author_id.encode())
        return code.hexdigest()[:20]

    return author_ids.replace(distinct, list(map(hashed, distinct)))


def made_ids(rows: pl.DataFrame, names: Sequence[str], platform: Platform, key: bytes) -> pl.Series:
    """Ids of comments that have none: of these columns, under the key. The same words of the same person are one."""
    parts = [column(rows, name).fill_null("") for name in names]
    return pseudonyms(pl.select(pl.concat_str(parts, separator="\n")).to_series(), platform, key)


def payloads(rows: pl.DataFrame, platform: Platform, key: bytes) -> pl.Series:
    """Each row as one JSON object, its values as text, scrubbed. Columns that are null throughout are left out.

    Everything is text so that a row is the same whether it came as CSV or as JSON.
    """
    kept = [cells for cells in rows.iter_columns() if cells.null_count() < rows.height]
    scrubbed = pl.DataFrame(
        [_without_uploader(_scrub(cells, platform, key), platform) for cells in kept], height=rows.height
    )
    if not scrubbed.columns:
        return pl.repeat("{}", rows.height, eager=True).alias("payload")
    return scrubbed.select(pl.struct(pl.all()).struct.json_encode().alias("payload")).to_series()


# As scrapers.pseudonym takes them out of JSON: ids of pictures hold the id of who uploaded them.
_PICTURES: Mapping[Platform, tuple[str, str]] = {
    "weibo": (
        r"(^|[^0-9A-Za-z])(?:00[0-9A-Za-z]{6}|[0-9a-f]{8})((?:ly|gy|gw|jw|tw)\d[0-9a-z]{6})",
        "${1}00000000${2}",
    ),
    "xiaohongshu": (r"1040g[0-9a-z]{20,}", "1040g"),
}


def _without_uploader(cells: pl.Series, platform: Platform) -> pl.Series:
    """The cells, their addresses of pictures without who uploaded them."""
    if platform not in _PICTURES or not cells.str.contains("://", literal=True).any():
        return cells
    return cells.str.replace_all(*_PICTURES[platform])


def _scrub(cells: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    if cells.name in PERSON_KEYS:
        suspects = cells.is_not_null()
    elif cells.name in NAME_KEYS:
        return pl.repeat("", len(cells), eager=True).alias(cells.name)
    elif cells.name in ID_KEYS[platform]:
        return pseudonyms(cells, platform, key)
    else:
        suspects = cells.str.contains(r"^\s*[\[{]").fill_null(False)
    if not suspects.any():
        return cells
    nested: list[str] = cells.filter(suspects).unique().to_list()
    return cells.replace(nested, [_scrub_cell(cells.name, cell, platform, key) for cell in nested])


def _scrub_cell(name: str, cell: str, platform: Platform, key: bytes) -> str:
    """A cell that may hold an object or a list, in which persons may stand."""
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        value = cell
    if isinstance(value, str) and name not in PERSON_KEYS:
        return cell
    scrubbed = json.loads(scrub(json.dumps({name: value}), platform, key))[name]
    return scrubbed if isinstance(scrubbed, str) else json.dumps(scrubbed, ensure_ascii=False, separators=(",", ":"))
