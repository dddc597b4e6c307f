"""Reads JSON: one object a line, a list, or objects one after the other.

A broken record costs itself only: reading goes on at the next one. ijson is not used, since it stops at the first
broken record (docs/decisions.md).
"""

import io
import json
import re
from collections.abc import Iterator
from typing import BinaryIO

import polars as pl

RECORD_LIMIT = 64 << 20  # characters after which an unfinished record counts as broken


def broken(error: Exception) -> ValueError:
    """The reason why a record cannot be read."""
    reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
    return ValueError(f"not valid JSON: {reason}")


def parse_lines(data: bytes, encoding: str, columns: tuple[str, ...]) -> pl.DataFrame | None:
    """Parse all lines at once, 10 times as fast as one by one; None if a line is invalid."""
    if encoding != "utf-8":
        data = data.decode(encoding).encode()
    try:
        return pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(columns, pl.String()))
    except pl.exceptions.PolarsError:
        return None


def parse_line(line: bytes, encoding: str) -> object:
    """The value of a line; a ValueError if it is broken. Where files were joined, a line begins with a byte-order
    mark."""
    try:
        return parse(line.decode(encoding).lstrip("\ufeff"))
    except UnicodeDecodeError:
        return ValueError(f"bytes that are not {encoding}")
    except (ValueError, RecursionError) as error:
        return broken(error)


def read_block(handle: BinaryIO, size: int) -> bytes:
    """The next lines of a file, about ``size`` bytes; of a line much longer than RECORD_LIMIT only the beginning, which
    is not valid JSON."""
    block = handle.read(size)
    if not block or block.endswith(b"\n"):
        return block
    end = handle.readline(RECORD_LIMIT)
    if len(end) < RECORD_LIMIT or end.endswith(b"\n"):
        return block + end
    while (rest := handle.readline(RECORD_LIMIT)) and not rest.endswith(b"\n"):
        pass
    return block + b"\n"


# Between records: commas, brackets of one or several lists, and the end of an enclosing object.
_BETWEEN = re.compile(r"[\s,\[\]}\ufeff]*")
_FIRST_KEY = re.compile(r'\{\s*("(?:[^"\\]|\\.)*"\s*:)')
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
DECODER = json.JSONDecoder(parse_constant=lambda name: _refuse(name), strict=False)


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not valid JSON")  # NaN and Infinity, which Python writes


def parse(text: str) -> object:
    return DECODER.decode(text)


def records(text: io.TextIOBase) -> Iterator[object]:
    """The values of a JSON list or of concatenated objects; a ValueError in place of a broken one."""
    buffer, position, at_end = "", 0, False
    boundary = None  # of records
    while True:
        position = _BETWEEN.match(buffer, position).end()  # type: ignore[union-attr]  # matches nothing as well
        if position < len(buffer):
            boundary = boundary or _boundary(buffer, position)
            try:
                value, end = DECODER.raw_decode(buffer, position)
            except (ValueError, RecursionError) as error:
                following = _end_of_broken(buffer, position, boundary)
                if following is None and (at_end or len(buffer) - position > RECORD_LIMIT):
                    following = len(buffer)
                if following is not None:
                    yield broken(error)
                    position = following
                    continue
            else:
                if end < len(buffer) or at_end:  # else a number may go on
                    yield value
                    position = end
                    continue
        if at_end:
            return
        more = text.read(4 << 20)
        buffer, position, at_end = buffer[position:] + more, 0, not more


def _boundary(buffer: str, position: int) -> re.Pattern[str] | None:
    """What stands between two records of a file: a bracket, comma or line break, and the first key of the next record,
    as the record at this position has it. It is found in broken records too, whose brackets and quotes may not match,
    or of which the end is missing."""
    first = _FIRST_KEY.match(buffer, position)
    return re.compile(rf"[}},\n][\s,]*(?=\{{\s*{re.escape(first[1])})") if first else None


def _end_of_broken(buffer: str, position: int, boundary: re.Pattern[str] | None) -> int | None:
    """Where a broken record ends: at its closing bracket, or before the next record; None if neither has been read."""
    closing = _closing(buffer, position)
    following = boundary.search(buffer, position, len(buffer) if closing is None else closing) if boundary else None
    return following.end() if following else closing


def _closing(buffer: str, position: int) -> int | None:
    """The position after the bracket that closes the first one."""
    depth = 0
    for token in _TOKEN.finditer(buffer, position):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0 and token[0] in "}]":
            return token.end()
    return None
