"""Ids as exports write them: cut by a spreadsheet, with pandas' ".0", or in the letters of an address.

A spreadsheet keeps 15 digits of a number and writes zeros for the others; pandas writes 5251842964533976.0 where the
column has empty cells. Weibo's id in base 62 (QlKFGj1uE) and Bilibili's BV are the same posts as the numbers.
"""

from collections.abc import Sequence

import polars as pl

from core.platforms import FACTS, Platform
from scrapers.importers.columns import LOST_DIGITS, where
from scrapers.parsers.values import SHORT_IDS

SPREADSHEET_DIGITS = 15
LONG_NUMBER = rf"^[0-9]{{{SPREADSHEET_DIGITS + 1},}}$"
# If this many longer numbers all end in 0, digits were lost: the odds of chance are 1 in 1,000.
_ZEROS = 3
# A float holds whole numbers to the last digit below 2^53, which has 16. "0" is the parent of a comment without one.
_FLOAT = r"^([0-9]{5,16}|0)\.0$"


def with_whole_numbers(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The rows without pandas' ".0" after numbers in these columns."""
    return rows.with_columns(
        cells.str.replace(_FLOAT, "${1}") for cells in rows.select(names) if cells.str.ends_with(".0").any()
    )


# Spreadsheets mark numbers as text with '1 or ="1".
_MARKED_AS_TEXT = r"""^(?:'|=?"|=)(.*?)['"]?$"""
_THOUSANDS = r"^[0-9]{1,3}(?:[,，][0-9]{3}){2,}$"
_FULL_WIDTH = dict(zip("０１２３４５６７８９", "0123456789", strict=True))


def tidy_ids(ids: pl.Series) -> pl.Series:
    """The ids without what people and programs put around them: spaces, '1 and ="1" of spreadsheets, separators of
    thousands, full-width digits, invisible characters."""
    ids = ids.str.strip_chars()
    is_odd = ~ids.str.contains("^[0-9A-Za-z_-]*$").fill_null(True) & ~ids.str.contains("://", literal=True)
    if not is_odd.any():
        return ids
    odd = ids.filter(is_odd).str.replace_all(r"[\x{200b}-\x{200f}\x{2060}\x{feff}]", "")
    odd = odd.str.replace(_MARKED_AS_TEXT, "${1}").str.strip_chars().str.replace_many(_FULL_WIDTH)
    odd = odd.str.replace(r"^([0-9]{5,16})\.0+$", "${1}")
    has_thousands = odd.str.contains(_THOUSANDS).fill_null(False)
    odd = where(has_thousands, odd.str.replace_all("[,，]", ""), odd)
    return ids.scatter(is_odd.arg_true(), odd)


def cut_numbers(numbers: list[str]) -> bool:
    """True if a spreadsheet cut these distinct numbers of more than 15 digits."""
    return len(numbers) >= _ZEROS and all(number.endswith("0") for number in numbers)


def without_cut_numbers(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows of a CSV file; columns of ids that a spreadsheet cut hold 5.2518429645339700e+15, which is not an id."""
    return rows.with_columns(
        where(is_long, marked_as_cut(cells), cells).alias(cells.name)
        for cells in rows.iter_columns()
        if (is_long := cells.str.contains(LONG_NUMBER).fill_null(False)).any()
        and cut_numbers(cells.filter(is_long).unique().to_list())
    )


def marked_as_cut(numbers: pl.Series) -> pl.Series:
    """The numbers as 5.2518429645339700e+15, which no importer accepts as an id."""
    digits = numbers.str.len_chars() - 1
    exponent = digits.cast(pl.String()).str.zfill(2)
    return pl.select(
        pl.concat_str(
            numbers.str.slice(0, 1), pl.lit("."), numbers.str.slice(1, 16).str.pad_end(16, "0"), pl.lit("e+"), exponent
        )
    ).to_series()


def post_ids(platform: Platform, ids: pl.Series, *sources: pl.Series) -> pl.Series:
    """The post ids; where a spreadsheet cut one, that in the first of the sources that has it.

    sources: the ids in base 62, or addresses of the same posts.
    """
    ids = tidy_ids(ids)
    in_address = ids.str.contains("://", literal=True).fill_null(False)
    if in_address.any():
        ids = where(in_address, ids_in(platform, ids).fill_null(ids), ids)
    if platform == "xiaohongshu":  # hex digits, which a database may have made upper-case
        ids = where(ids.str.contains("^[0-9A-F]{24}$"), ids.str.to_lowercase(), ids)
    ids = _numeric(platform, ids)
    for source in sources:
        is_lost = ids.str.contains(LOST_DIGITS).fill_null(False)
        if not is_lost.any():
            break
        ids = where(is_lost, ids_in(platform, source).fill_null(ids), ids)
    return ids


def ids_in(platform: Platform, source: pl.Series) -> pl.Series:
    """The ids in addresses, or in cells that hold a short id and nothing else; null for other cells."""
    in_address = source.str.extract(FACTS[platform].id_in_address)
    ids = _numeric(platform, in_address.fill_null(source.str.strip_chars()))
    return where(ids.str.contains(rf"^(?:{FACTS[platform].post_id})$"), ids, None)


# Weibo's ids in base 62 of 8 or 9 characters, as many as numbers of 15 and 16 digits have.
_SHORT = r"^(?:[0-9A-Za-z]{8,9}|BV1[0-9A-Za-z]{9})$"


def _numeric(platform: Platform, ids: pl.Series) -> pl.Series:
    """The ids with the short ones (QlKFGj1uE, BV17x411w7KC) as numbers."""
    decode = SHORT_IDS.get(platform)
    if decode is None:
        return ids
    short = ids.filter(ids.str.contains(_SHORT) & ids.str.contains("[A-Za-z]")).unique().to_list()
    return ids.replace(short, [decode(post_id) or post_id for post_id in short]) if short else ids
