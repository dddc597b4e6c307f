"""Damaged bodies: cut, with flipped bits, and with other values in some places."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import orjson

# Half a surrogate pair, control characters, separators, markup, numbers as people write them, times, ids, and their
# limits.
_STRANGE_TEXTS = (
    "", " ", "0", "-1", "None", "null", "\x00", "\ud800", "\udc00小米", "\x1b[31m", "\u2028\u2029\x85", "\u202eabc",
    "<" * 99, "<p>" * 99, "<img alt=[", "&#x110000;", "&#0;&lt", "]]>", "//@", "//@:" * 50, "#" * 99, "[话题]#" * 20,
    "1.4万", "100万+", "1e999", "9" * 400, "१२", "²", "１２", "刚刚", "昨天 25:61", "0000-00-00", "99999999999分钟前",
    "Mon Feb 31 00:00:00 +9999 2026", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "https://[::", "?a=%ff",
    "5251874932590001", "695bc8a1000000001e000001", "7591876950818300002", "小米" * 2000,
)  # fmt: skip
_STRANGE_VALUES: tuple[object, ...] = (
    None, True, False, 0, -1, 1, 0.5, -0.0, 1e308, 2**31, 2**53 + 1, 2**63, 2**64, 10**30, -(10**18), 1767682273,
    float("nan"), float("inf"), [], {}, [[]], [None], [{}], [0, "0"], {"": None}, {"id": {"id": []}},
    {"0": 0, "a": [1]},
)  # fmt: skip
# Below and above the depths that orjson writes and reads, and that Python's recursion limit allows.
_DEPTHS = (200, 253, 254, 255, 900, 1020, 5000)
_DEEP = "@deep@"  # placeholder for brackets nested that deep, until the JSON is written
_STRANGE_BYTES = (
    b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b'"', b"\\", b"\\ud800", b"{", b"}", b"[", b"]", b",", b"<",
    b">", b"</div>", b"<!--", b"<div>" * 300, b"&#xd800;", b"NaN", b"1e400", b"-", b"blocked",
)  # fmt: skip


def mutated(bodies: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    """``count`` mutations of the bodies in turn, with one to four changes each; the same seed gives the same ones."""
    chance = random.Random(seed)
    for number in range(count):
        body = bodies[number % len(bodies)]
        if chance.random() < 0.7 and (changed := _changed_json(body, chance)) is not None:
            body = changed
        else:
            for _ in range(chance.randint(1, 4)):
                body = chance.choice(_BYTE_CHANGES)(body, chance)
        yield body


def thinned(body: bytes, seed: int) -> bytes:
    """The body with at most two members of each list, which the seed selects: many mutations of it take little time.

    A body that is not JSON stays as it is.
    """
    chance = random.Random(seed)

    def thin(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: thin(member) for key, member in value.items()}
        if isinstance(value, list):
            return [thin(value[place]) for place in sorted(chance.sample(range(len(value)), min(2, len(value))))]
        return value

    try:
        return orjson.dumps(thin(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return body


def _changed_json(body: bytes, chance: random.Random) -> bytes | None:
    """The body with other values in some places; None if it is not JSON."""
    try:
        root = {"": orjson.loads(body)}
    except orjson.JSONDecodeError:
        return None
    for _ in range(chance.randint(1, 4)):
        candidates = list(places(root)) if chance.random() < 0.5 else list(_path_down(root, chance))
        if candidates:  # none: everything was removed
            holder, key = chance.choice(candidates)
            change = chance.choice(_JSON_CHANGES)
            change(holder, key, chance)
    text = json.dumps(root.get(""), ensure_ascii=chance.random() < 0.5)
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}"), ('{"data":', "}"), ('{"card_group":[', "]}")))
    depth = chance.choice(_DEPTHS)
    return text.replace(f'"{_DEEP}"', opening * depth + "0" + closing * depth).encode("utf-8", "surrogatepass")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in nested JSON, as (holder, key)."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        yield from places(value[key])


def _path_down(value: Any, chance: random.Random) -> Iterator[tuple[Any, Any]]:
    """The places on one path from the root to a leaf. Places near the root are more frequent than among all places."""
    while isinstance(value, dict | list) and value:
        key = chance.choice(list(value)) if isinstance(value, dict) else chance.randrange(len(value))
        yield value, key
        value = value[key]


def _remove(holder: Any, key: Any, chance: random.Random) -> None:
    del holder[key]


def _put_value(holder: Any, key: Any, chance: random.Random) -> None:
    holder[key] = copy.deepcopy(chance.choice(_STRANGE_VALUES))


def _put_text(holder: Any, key: Any, chance: random.Random) -> None:
    holder[key] = chance.choice(_STRANGE_TEXTS)


def _put_deep(holder: Any, key: Any, chance: random.Random) -> None:
    holder[key] = _DEEP


def _spoil_text(holder: Any, key: Any, chance: random.Random) -> None:
    text = str(holder[key])[:2000]
    place = chance.randint(0, len(text))
    holder[key] = text[:place] + chance.choice(_STRANGE_TEXTS) + text[place:]


def _change_type(holder: Any, key: Any, chance: random.Random) -> None:
    """A text becomes a number, an object the list of its values, and so on."""
    value = holder[key]
    if isinstance(value, dict):
        holder[key] = chance.choice((list(value.values()), list(value), json.dumps(value), len(value)))
    elif isinstance(value, list):
        holder[key] = chance.choice((dict(enumerate(value)), value[:1], [], value[0] if value else None))
    elif isinstance(value, str):
        holder[key] = int(value) if value.isdecimal() and len(value) < 4000 else list(value[:5])
    else:
        holder[key] = chance.choice((str(value), [value], {"value": value}))


def _move(holder: Any, key: Any, chance: random.Random) -> None:
    """Copies the value of one place to another one."""
    others = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
    holder[chance.choice(others)] = copy.deepcopy(holder[key])


def _double(holder: Any, key: Any, chance: random.Random) -> None:
    if isinstance(holder, list):
        holder.insert(chance.randrange(len(holder)), copy.deepcopy(holder[key]))
    elif isinstance(holder[key], list):
        holder[key] += copy.deepcopy(holder[key])


def _empty(holder: Any, key: Any, chance: random.Random) -> None:
    if isinstance(holder[key], dict | list):
        holder[key] = type(holder[key])()
    else:
        holder[key] = None


_JSON_CHANGES: tuple[Callable[[Any, Any, random.Random], None], ...] = (
    _remove, _put_value, _put_value, _put_text, _put_text, _spoil_text, _change_type, _move, _double, _empty,
    _put_deep,
)  # fmt: skip


def _flip(body: bytes, chance: random.Random) -> bytes:
    changed = bytearray(body)
    for _ in range(chance.randint(1, 20)):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _cut(body: bytes, chance: random.Random) -> bytes:
    return body[: chance.randint(0, len(body))]


def _cut_out(body: bytes, chance: random.Random) -> bytes:
    start, length = chance.randint(0, len(body)), chance.choice((1, 9, 99, 999))
    return body[:start] + body[start + length :]


def _repeat(body: bytes, chance: random.Random) -> bytes:
    start, length = chance.randint(0, len(body)), chance.choice((1, 9, 99, 999))
    return body[: start + length] + body[start:]


def _insert(body: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(body))
    return body[:start] + chance.choice(_STRANGE_BYTES) + body[start:]


def _swap(body: bytes, chance: random.Random) -> bytes:
    """Exchanges two pieces; in HTML, elements are then closed elsewhere."""
    first, second = sorted((chance.randint(0, len(body)), chance.randint(0, len(body))))
    length = min(200, second - first)
    return (
        body[:first]
        + body[second : second + length]
        + body[first + length : second]
        + body[first : first + length]
        + body[second + length :]
    )


_BYTE_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _cut_out, _repeat, _insert, _swap)
