"""Payloads and pseudonyms for a whole frame at once; the same results as scrapers.pseudonym.scrub and pseudonym."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence, Set

import polars as pl

from core.platforms import FACTS, Platform
from scrapers.importers.columns import (
    VALID_ID,
    column,
    translated,
    where,
    without_inserted_names,
    without_video_title,
)
from scrapers.parsers.bodies import load_object
from scrapers.parsers.impersonal import IMPERSONAL, LONGEST_COUNT, NOT_KEPT, is_impersonal
from scrapers.pseudonym import NAME_KEYS, PERSON_KEYS, scrub, without_attributes, without_people


def pseudonyms(author_ids: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """The pseudonym of each id, as core.storage.pseudonym_key.pseudonym computes it; null and "" stay as they are.

    Each distinct id is hashed once. HMAC is written out (RFC 2104), so that the key is hashed once and not with every
    id. That takes a third of the time, and this is most of the Python time of an import. A test compares the two.
    """
    distinct = author_ids.unique().drop_nulls().to_list()
    hashed = distinct
    for part in key.split(b"\n"):
        hashed = _hashed(hashed, platform, part)
    return translated(author_ids, distinct, hashed)


def _hashed(ids: Sequence[str], platform: Platform, key: bytes) -> list[str]:
    block = (key if len(key) <= 64 else hashlib.sha256(key).digest()).ljust(64, b"\0")
    begun = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + f"{platform}:".encode())
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))

    def hashed(author_id: str) -> str:
        if not author_id:
            return ""
        inner, whole = begun.copy(), outer.copy()
        inner.update(author_id.encode())
        whole.update(inner.digest())
        return whole.hexdigest()[:20]

    return list(map(hashed, ids))


def hashed_ids(rows: pl.DataFrame, names: Sequence[str], platform: Platform, key: bytes) -> pl.Series:
    """Ids for comments without ids: the keyed hash of these columns. Equal comments of one person get the same id."""
    parts = [column(rows, name).fill_null("") for name in names]
    return pseudonyms(pl.select(pl.concat_str(parts, separator="\n")).to_series(), platform, key)


# The columns of the known formats with words of the post, or with the query that found it.
WORDS = frozenset({
    "content", "text", "title", "desc", "content_text", "微博正文", "正文", "评论内容", "tag_list", "tags", "topics",
    "话题", "show_tags", "source_keyword", "keyword",
})  # fmt: skip
# The columns with ids of posts and comments that may have letters.
IDS = frozenset({
    "id", "_id", "bid", "mblogid", "note_id", "comment_id", "parent_comment_id", "root_id", "retweet", "retweet_id",
})  # fmt: skip

_NOTHING: Mapping[str, pl.Series] = {}


def payloads(
    rows: pl.DataFrame,
    platform: Platform,
    key: bytes,
    words: Set[str] = WORDS,
    ids: Set[str] = IDS,
    scrubbed: Mapping[str, pl.Series] = _NOTHING,
) -> pl.Series:
    """Each row as a JSON object of text values, without personal data. Columns without any value are left out.

    words: columns with words of the post, which are kept without the names that the site inserts. ids: columns with ids
    of posts and comments. Of the other columns a value is kept if it cannot name a person (parsers.impersonal).
    scrubbed: columns that the caller has scrubbed already, such as pseudonyms.

    All values are text, so that a row gives the same payload whether it came as CSV or as JSON.
    """
    kept = [cells for cells in rows.iter_columns() if cells.null_count() < rows.height]
    if not kept:
        return pl.repeat("{}", rows.height, eager=True).alias("payload")
    columns = [
        scrubbed[cells.name] if cells.name in scrubbed else _scrub(cells, platform, key, words, ids) for cells in kept
    ]
    return pl.DataFrame(columns).select(pl.struct(pl.all()).struct.json_encode().alias("payload")).to_series()


# Places and devices that no reader uses, and in which people write their names ("小林的iPhone"). They are emptied.
_FREE_WORDS = frozenset({"发布位置", "发布工具", "位置", "工具", "location", "source", "geo"})


def _scrub(cells: pl.Series, platform: Platform, key: bytes, words: Set[str], ids: Set[str]) -> pl.Series:
    name = cells.name
    if name in PERSON_KEYS:
        return without_people_in_addresses(_scrub_json(cells, cells.is_not_null(), platform, key), key)
    if name in NAME_KEYS or name in FACTS[platform].name_keys or name in _FREE_WORDS:
        return pl.repeat("", len(cells), eager=True).alias(name)
    if name in FACTS[platform].person_id_keys:
        return pseudonyms(cells, platform, key)
    if name not in words:
        return _impersonal(cells, key, VALID_ID if name in ids else IMPERSONAL)
    return words_without_people(cells, platform, key)


def _impersonal(cells: pl.Series, key: bytes, form: str) -> pl.Series:
    """The cells of this form and counts, addresses without their query; NOT_KEPT in place of the others."""
    has_address = cells.str.contains("://", literal=True).fill_null(False)
    if has_address.any():
        addresses = without_people_in_addresses(_without_query(cells.filter(has_address)), key)
        cells = cells.scatter(has_address.arg_true(), addresses)
    is_kept = (cells.str.contains(form) | (cells == "")).fill_null(True)
    if is_kept.all():
        return cells
    others = cells.filter(~is_kept)
    short = others.filter(others.str.len_chars() <= LONGEST_COUNT).unique().to_list()
    counts = list(filter(is_impersonal, short))
    return where(is_kept | cells.is_in(counts), cells, NOT_KEPT).alias(cells.name)


def _without_query(addresses: pl.Series) -> pl.Series:
    """The addresses up to their first ? or #. To split takes a third of the time of a regular expression."""
    if not addresses.str.contains("[?#]").any():
        return addresses
    return addresses.str.splitn("?", 2).struct[0].str.splitn("#", 2).struct[0].alias(addresses.name)


def words_without_people(cells: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """Texts without the names that sites insert, such as in repost tails, and without persons in addresses and HTML.

    A text that is a JSON object or list is scrubbed as JSON.
    """
    cells = _without_attributes(without_video_title(cells))
    if cells.str.contains("&", literal=True).any():
        cells = cells.str.replace_all(_ESCAPED_AT, "@")
    cells = without_people_in_addresses(without_inserted_names(cells), key)
    suspects = _may_be_json(cells)
    return _scrub_json(cells, suspects, platform, key) if suspects.any() else cells


_ESCAPED_AT = "(?i)&(?:#0*64|#x0*40|commat);"


def _without_attributes(cells: pl.Series) -> pl.Series:
    """The cells without the attributes of HTML tags."""
    is_marked = cells.str.contains("=", literal=True) & cells.str.contains_any(["<", "&lt;"])
    suspects = cells.filter(is_marked.fill_null(False)).unique()
    return cells.replace(suspects, list(map(without_attributes, suspects))) if len(suspects) else cells


def rows_without_people(rows: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """Raw rows whose words and ids name no person, except as the post itself does.

    An id of another post or comment that does not look like one becomes null.
    """
    if rows["platform"].n_unique() == 1 and (platform := rows["platform"][0]) is not None:
        return rows.with_columns(_columns_without_people(rows, platform, key))
    numbered = rows.with_row_index("_place")
    parts = [
        part.with_columns(_columns_without_people(part, platform, key))
        for (platform,), part in numbered.group_by("platform")
        if platform is not None
    ]
    unknown = numbered.filter(pl.col("platform").is_null())  # they are rejected
    return pl.concat([*parts, unknown]).sort("_place").drop("_place")


def _columns_without_people(rows: pl.DataFrame, platform: Platform, key: bytes) -> Iterator[pl.Series]:
    for name in {"text", "title", "query"} & set(rows.columns):
        yield words_without_people(rows[name], platform, key)
    for name in {"repost_of_id", "parent_comment_id"} & set(rows.columns):
        yield where(rows[name].str.contains(_OTHER_ID), rows[name], None).alias(name)
    if "hashtags" in rows.columns:
        tag = pl.element()
        yield rows["hashtags"].list.eval(tag.filter(~tag.str.contains(_NOT_A_HASHTAG)))


# What has a mention, an address, HTML, or a title that a site or an app inserts.
_NOT_A_HASHTAG = (
    r"[@＠<]|&lt;|://|\.(com|cn)/|的(微博|秒拍)(视频|直播)|的(图文|视频)?作品】"
    r"|发布了一篇小红书笔记|的原?微博[:：]|- 知乎"
)
# All ids have digits, and the least digits those of Weibo's comments of 2009.
_OTHER_ID = "^[0-9A-Za-z_-]*[0-9][0-9A-Za-z_-]*$"


# The patterns of persons' pages as polars knows them, without names of groups and look-around. They match more.
_LOOK_AROUND = r"\(\?<?[!=](?:[^()]|\([^()]*\))*\)"
_PERSON_PAGES = "|".join(
    re.sub(r"\?P<\w+>", "?:", re.sub(_LOOK_AROUND, "", facts.person_pages.pattern)) for facts in FACTS.values()
)


def without_people_in_addresses(cells: pl.Series, key: bytes) -> pl.Series:
    """The cells with pseudonyms in place of persons' ids in addresses of their pages, on any platform."""
    suspects = cells.filter(cells.str.contains(_PERSON_PAGES)).unique()
    if suspects.is_empty():
        return cells
    return cells.replace(suspects, [without_people(cell, key) for cell in suspects])


def _scrub_json(cells: pl.Series, suspects: pl.Series, platform: Platform, key: bytes) -> pl.Series:
    """The cells; those under the mask scrubbed as JSON."""
    nested = cells.filter(suspects)
    distinct = nested.unique().to_list()
    scrubbed = translated(nested, distinct, [_scrub_cell(cells.name, cell, platform, key) for cell in distinct])
    return cells.scatter(suspects.arg_true(), scrubbed)


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
