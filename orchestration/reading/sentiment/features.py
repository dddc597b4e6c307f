"""The features of the sentiment model: hashed character 1-, 2- and 3-grams. Training and inference share this.

The texts of a chunk are laid end to end as one array of code points, and every n-gram is hashed by arithmetic on that
array, so that no Python code runs per text or character.
"""

import functools
import itertools
import sys
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import opencc
import polars as pl

# Longer texts are truncated. Three n-grams per character, with weights up to 255, then add up to less than 2**21, the
# width of a lane in classifier.py.
MAX_CHARS = 2_000
# Code points per chunk, about a thousand posts: they stay in a core's cache and need 30 MB.
CHUNK_CHARS = 1 << 16
NGRAM_SIZES = 3
HASH_BITS = 21

SCRIPTS = ("han", "latin", "other")  # letters are counted by script

_COUNT_BITS = 16  # MAX_CHARS < 2**16
_COUNT_MASK = np.uint64((1 << _COUNT_BITS) - 1)
_BREAK = ord("\n")  # marks the beginning and end of a text; within a text it is read as a blank
_MULTIPLIERS = tuple(np.uint32(odd) for odd in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))  # golden ratio, xxHash primes
_FINISH = np.uint32(0x2C1B3C6D)
_SHIFT = np.uint32(15)

_BLANK = "".join(char for char in map(chr, range(0xD800)) if unicodedata.category(char)[0] in "CZ") + "\ufeff"
# Parts of a text that its author did not write: links, and placeholders that sites and exporters put for media.
_LINK = r"https?://[!-~]+"
_PLACEHOLDERS = dict.fromkeys(("[图片]", "[视频]", "[动图]", "[语音]", "分享图片", "分享视频", "查看图片"), " ")
# Names of people carry no sentiment, and the model should not learn one for them.
_MENTION = r"@[^@:：,，.。!！?？/#\[\]\s]{2,30}"


class Ngrams(NamedTuple):
    """The n-grams of a chunk of texts.

    ``buckets``: n-gram size × position. ``starts``: the first position of each text; the position before it belongs to
    no text. ``counts``: the number of n-grams of each text. ``letters``: text × SCRIPTS.
    """

    buckets: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]
    letters: npt.NDArray[np.int64]


def _simplified() -> dict[str, str]:
    """Traditional characters, each with its simplified form, if that is a single character."""
    chars = [chr(point) for point in range(0x3400, 0xA000)]
    simplified = opencc.OpenCC("t2s").convert("\n".join(chars)).split("\n")
    return {char: simple for char, simple in zip(chars, simplified, strict=True) if len(simple) == 1 and simple != char}


@functools.cache
def _tables() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint64]]:
    """Two arrays over all code points: the normalised code point, and its contribution to the counts of SCRIPTS.

    Normalised: lower case, half width, simplified, every digit as 0, white space and controls as a blank. The three
    counts are packed into one number, so that one sum gives all three.
    """
    read_as, lanes = np.arange(sys.maxunicode + 1, dtype=np.uint32), np.zeros(sys.maxunicode + 1, np.uint64)
    simplified = _simplified()
    for point in range(0x10000):
        char = unicodedata.normalize("NFKC", chr(point)).lower()
        category = unicodedata.category(chr(point))
        if char.isspace() or category in ("Cc", "Cf"):
            read_as[point] = ord(" ")
        elif len(char) == 1:
            read_as[point] = ord("0") if char.isdecimal() else ord(simplified.get(char, char))
        if category[0] == "L":
            name = unicodedata.name(chr(point), "")
            script = 0 if name.startswith("CJK") else 1 if "LATIN" in name else 2
            lanes[point] = 1 << (script * _COUNT_BITS)
    lanes[0x20000:0x32000] = 1  # Chinese characters beyond the basic plane
    return read_as, lanes


def readable(texts: pl.Series) -> pl.Series:
    """The texts as they are scored: truncated, without links, media placeholders and names; "" if nothing is left."""
    return (
        texts.fill_null("")
        .str.slice(0, MAX_CHARS)
        .str.replace_all(_LINK, " ")
        .str.replace_many(_PLACEHOLDERS)
        .str.replace_all(_MENTION, "@")
        .str.strip_chars(_BLANK)
    )


def ngrams(texts: pl.Series) -> Iterator[Ngrams]:
    """The n-grams of ``readable`` texts, in order, one chunk at a time."""
    read_as, lanes = _tables()
    all_lengths = texts.str.len_chars().to_numpy().astype(np.int64)
    chunk_numbers = np.cumsum(all_lengths + 2) // CHUNK_CHARS
    bounds = np.flatnonzero(np.diff(chunk_numbers, prepend=-1, append=-1)).tolist() if len(texts) else []
    for first, last in itertools.pairwise(bounds):
        lengths = all_lengths[first:last]
        joined = "  " + "  ".join(texts[first:last]) + " "
        points = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
        starts = np.cumsum(lengths + 2) - lengths
        counts = np.add.reduceat(lanes[points], starts)
        letters = [(counts >> np.uint64(_COUNT_BITS * number)) & _COUNT_MASK for number in range(len(SCRIPTS))]
        read = read_as[points]
        read[starts - 1] = read[starts - 2] = read[-1] = _BREAK
        yield Ngrams(_buckets(read), starts, NGRAM_SIZES * (lengths + 1), np.stack(letters, axis=1).astype(np.int64))


def _buckets(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The buckets of the 1-, 2- and 3-gram that end at each position: n-gram size × position."""
    buckets = np.empty((NGRAM_SIZES, len(points)), np.uint32)
    hashed = np.zeros(len(points), np.uint32)
    for back, multiplier in enumerate(_MULTIPLIERS):
        hashed[back:] += points[: len(points) - back] * multiplier
        row = buckets[back]
        np.right_shift(hashed, _SHIFT, out=row)
        row ^= hashed
        row += multiplier  # so that "a" and "a after nothing" differ
        row *= _FINISH
        row >>= np.uint32(32 - HASH_BITS)
    return buckets
