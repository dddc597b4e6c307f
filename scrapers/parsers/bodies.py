"""JSON as the sites send it: from response bodies to Python values, and from records to landed payloads."""

import json
import math
import re
from typing import Any

import orjson

_CAPITAL = re.compile(r"(?<!^)[A-Z]")


def load_json(body: bytes) -> Any:
    """The JSON value of a body; None if it is not valid JSON: HTML, a truncated body, an empty one.

    A byte-order mark is skipped. Invalid UTF-8 and lone surrogates are replaced by U+FFFD or "?". Brackets nested more
    than about 250 deep count as invalid (recorded responses have 14 levels), so that the value can be dumped again and
    functions that walk through it may recurse.
    """
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        try:
            value = orjson.loads(_as_strict_json(body))
        except (ValueError, RecursionError):
            return None
    try:
        # orjson reads 1024 levels and writes 254; two are left for what a record is wrapped in. Dumping the value takes
        # a quarter of the time of loading it; counting the levels in Python would take three times as long.
        orjson.dumps([[value]])
    except TypeError:
        return None
    return value


def _as_strict_json(body: bytes) -> bytes:
    """JSON that orjson accepts, from JSON that only the standard library does. Raises ValueError or RecursionError."""
    value = json.loads(
        body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None, parse_int=_number, parse_float=_number
    )
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _number(digits: str) -> int | float | None:
    """A number as orjson reads it: integers beyond 64 bits become floats. None, as for NaN, if no float can hold it."""
    if len(digits) < 20 and digits.lstrip("-").isdecimal():
        return int(digits)
    value = float(digits)
    return value if math.isfinite(value) else None


def load_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a body; None if it is not valid JSON, or another value."""
    value = load_json(body)
    return value if isinstance(value, dict) else None


def as_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """A string as it is, an integer as digits (the sites write ids both ways), "" for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def in_snake_case(value: Any) -> Any:
    """The value with its keys, at all levels, in snake_case: pages have camelCase where the sites' APIs have this."""
    if isinstance(value, dict):
        return {_CAPITAL.sub(r"_\g<0>", name).lower(): in_snake_case(member) for name, member in value.items()}
    return [in_snake_case(member) for member in value] if isinstance(value, list) else value


def load_record(payload: str) -> dict[str, Any]:
    """The record of a payload that ``dump_record`` wrote; an empty one if the payload is not a JSON object."""
    return as_object(orjson.loads(payload))


def dump_record(record: object) -> str:
    """The JSON text of a record that ``load_json`` returned, for its payload."""
    return orjson.dumps(record).decode()
