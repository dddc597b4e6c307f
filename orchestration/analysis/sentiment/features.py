"""What the sentiment model sees of a text: hashed character 1-, 2- and 3-grams. Training and inference share this.

The texts of a chunk are laid end to end as one array of code points, and every n-gram is hashed by arithmetic on that
array, so that no Python runs per text or character.
"""

import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

# Longer texts are cut for scoring. Three n-grams of up to 255 a character then sum to less than 2**21, the width of a
# lane in classifier.py, and a chunk needs at most 60 MB.
MAX_CHARS = 2_000
CHUNK_TEXTS = 1_024  # 47 characters each are 48,000 code points, which stay in a core's cache
NGRAM_SIZES = 3
HASH_BITS = 19

_BREAK = "\n"  # marks where a text begins and ends; within one it cannot stand, for white space becomes a blank
_MULTIPLIERS = tuple(np.uint32(odd) for odd in (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D))  # golden ratio, xxHash primes
_FINISH = np.uint32(0x2C1B3C6D)
_SHIFT = np.uint32(15)


class Ngrams(NamedTuple):
    """The n-grams of some texts. ``buckets``: n-gram size × position; ``starts``: the first position of each text.

    The position before each start belongs to no text; ``counts``: n-grams of each text.
    """

    buckets: npt.NDArray[np.uint32]
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def _fold_table() -> npt.NDArray[np.uint32]:
    """What each code point is read as: lower case, half width, every digit 0, white space and controls a blank."""
    table = np.arange(0x110000, dtype=np.uint32)
    for point in range(0x10000):
        char = unicodedata.normalize("NFKC", chr(point)).lower()
        if char.isspace() or unicodedata.category(chr(point)) in ("Cc", "Cf"):
            table[point] = ord(" ")
        elif len(char) == 1:
            table[point] = ord("0") if char.isdecimal() else ord(char)
    table[ord(_BREAK)] = ord(_BREAK)
    return table


_FOLD = _fold_table()


def readable(texts: pl.Series) -> pl.Series:
    """The texts as they are scored: null as empty, cut, without links, white space collapsed."""
    return (
        texts.fill_null("")
        .str.slice(0, MAX_CHARS)
        .str.replace_all(r"https?://[!-~]+", " ")
        .str.replace_all(r"[\s\p{Cc}\p{Cf}]+", " ")
        .str.strip_chars(" ")
    )


def ngrams(texts: pl.Series) -> Iterator[Ngrams]:
    """The n-grams of ``readable`` texts, chunk by chunk, in their order."""
    for offset in range(0, len(texts), CHUNK_TEXTS):
        chunk = texts.slice(offset, CHUNK_TEXTS)
        lengths = chunk.str.len_chars().to_numpy().astype(np.int64)
        joined = _BREAK * 2 + (_BREAK * 2).join(chunk) + _BREAK
        points = _FOLD[np.frombuffer(joined.encode("utf-32-le"), np.uint32)]
        starts = np.cumsum(lengths + 2) - lengths
        yield Ngrams(_buckets(points), starts, NGRAM_SIZES * (lengths + 1))


def _buckets(points: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """For each position the buckets of the 1-, 2- and 3-gram that end there."""
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
