"""JSON as the sites send it: response bodies to Python values, and records back to the text that is landed."""

import json
import math
import re
from typing import Any

import orjson

_CAPITAL = re.compile(r"(?<!^)[A-Z]")


def load_json(body: bytes) -> Any:
    """The JSON value of a body, which can be dumped again; None for what is no JSON: HTML, a cut body, nothing.

    A byte-order mark, bytes that are no UTF-8 and half surrogate pairs do not spoil the rest of a body; a sign stands
    for the last two. None also for brackets that are nested hundreds deep, where recorded answers have 14 levels: so
    what walks through a value may call itself for each level.
    """
    try:
        value = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        try:
            value = orjson.loads(_as_strict(body))
        except (ValueError, RecursionError):
            return None
    try:
        # It reads 1024 levels and writes 254; two are left for what a record is put into. Writing all of it takes a
        # quarter of the time of reading, and a walk over all levels takes three times as long.
        orjson.dumps([[value]])
    except TypeError:
        return None
    return value


def _as_strict(body: bytes) -> bytes:
    """JSON that only the standard library takes, as all take it. Raises ValueError or RecursionError for no JSON."""
    value = json.loads(
        body.decode("utf-8-sig", "replace"), parse_constant=lambda _: None, parse_int=_number, parse_float=_number
    )
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _number(digits: str) -> int | float | None:
    """As orjson reads numbers, whole ones beyond 64 bits as floats; None for what no float holds, as for NaN."""
    if len(digits) < 20 and digits.lstrip("-").isdecimal():
        return int(digits)
    value = float(digits)
    return value if math.isfinite(value) else None


def load_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object of a body; None also for a list or a bare value."""
    value = load_json(body)
    return value if isinstance(value, dict) else None


def as_object(value: object) -> dict[str, Any]:
    """The value where it is an object; for anything else an empty one, so that its keys are just not there."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value where it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: object) -> str:
    """A string as it is and a whole number in digits (ids are written both ways); "" for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def in_snake_case(value: Any) -> Any:
    """The keys of a value, at all levels, as the sites' APIs have them, where a page brings the same in camelCase."""
    if isinstance(value, dict):
        return {_CAPITAL.sub(r"_\g<0>", name).lower(): in_snake_case(held) for name, held in value.items()}
    return [in_snake_case(held) for held in value] if isinstance(value, list) else value


def load_record(payload: str) -> dict[str, Any]:
    """The record that ``dump_record`` made a payload of; an empty one for what is no object."""
    return as_object(orjson.loads(payload))


def dump_record(record: object) -> str:
    """A record of what ``load_json`` gives as the JSON text of its payload."""
    return orjson.dumps(record).decode()
