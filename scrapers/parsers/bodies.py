"""JSON as the sites send it: response bodies to Python values, and records back to the text that is landed."""

import json
from typing import Any

import orjson


def load_json(body: bytes) -> Any:
    """The JSON value of a body; None for what is no JSON: HTML, a cut body, nothing.

    A byte-order mark and bytes that are no UTF-8 do not spoil the rest of a body.
    """
    try:
        return orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError:
        pass  # what orjson refuses and the standard library takes: bytes that are no UTF-8, half surrogate pairs
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):  # RecursionError: brackets nested thousands deep
        return None


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


def dump_record(record: object) -> str:
    """A record as the JSON text of its payload. Half surrogate pairs, which no file can hold, become "?"."""
    try:
        return orjson.dumps(record).decode()
    except TypeError:
        pass  # half a surrogate pair, or a number of more than 64 bits
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace").decode("utf-8")
