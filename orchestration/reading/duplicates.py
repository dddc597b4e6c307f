"""Which posts say the same, in equal or nearly equal words, across platforms and days.

Equal words after ``normalise`` share a text_hash, and that is their group: no state, any distance in time. Nearly equal
ones are put together in three steps, each a pure function of what the step before wrote (tables of enriched.py):

    text_signatures   a day's texts, 128 bytes each                     from the day's posts
    duplicate_links   a day's texts to earlier ones within LOOK_BACK    from the signatures of the day and those days
    duplicate_groups  connected components of the links of all days     from all links

Each version is named after the versions that it was made from, so when an earlier day is read again, in whatever order,
the links of the days that look back on it and the groups are made again, and come out as if the days had come in order.
dbt then moves the posts whose group has changed (fct_posts). A group is called after its earliest text: later copies do
not rename it.

What is near. 10% of the characters replaced leave a Jaccard index of .48 on character 3-to-5-grams, of .68 on 2-grams
(medians over 5,000 real posts), while of posts drawn at random 99.9% share less than .07 of their 2-grams. So texts are
compared by 2-grams of ideographs and 3-grams of other scripts, each run of digits read as one 0, at .5: two thirds of
the shingles in common. Texts shorter than 15 characters, digits so read, are only ever equal. A copy of a copy belongs
to the group, though it may share less with the first.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from core.contracts.enriched import DUPLICATE_GROUPS, DUPLICATE_LINKS, SIGNATURE_BYTES, TEXT_SIGNATURES
from orchestration.reading.cleaning import match_key

LOOK_BACK = 7  # days before a day that its texts are compared with; equal words are found at any distance
MIN_CHARS = 15
MAX_CHARS = 2_000  # longer texts are compared by their beginnings, and cost no more than this
NEAR = 0.5
# Bands of 4 values, a byte each: 32 bits. Texts at .68 share one of 32 bands with odds of .9995, at .56 (the lowest
# percentile of texts with 10% replaced) of .96, two drawn at random with odds of 1 in 100,000.
BAND = np.dtype("<u4")
# Of RandomState, whose numbers are the same in every version of numpy. An odd factor permutes the numbers of 32 bits.
_FACTORS_AND_SHIFTS = np.random.RandomState(20260101).randint(2**32, size=(2, SIGNATURE_BYTES), dtype=np.uint32)
_FACTORS_AND_SHIFTS[0] |= 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_END = np.uint64(ord("\n"))  # cannot stand in normalised words
_CHUNK_TEXTS = 2_048  # 60 characters each make 500 kB of hashes, which stay in a core's cache
_CHUNK_PAIRS = 65_536

_LINK_OR_MENTION = r"https?://[!-~]+|@[\w\-]{1,30}"
_EMOJI_CODE = r"\[[^\[\]\s]{1,8}\]"  # [笑哭R], [doge], [话题]
_NO_WORD = r"[^\p{L}\p{N}]+"


def normalise(text_clean: pl.Series) -> pl.Series:
    """Own words to their letters and digits: links, mentions, emoji and their codes, punctuation and space are out."""
    key = match_key(text_clean).str.replace_all(_LINK_OR_MENTION, "").str.replace_all(_EMOJI_CODE, "")
    return key.str.replace_all(_NO_WORD, "")


def hashed(posts: pl.DataFrame) -> pl.DataFrame:
    """Posts with two columns more: normalised, what ``normalise`` leaves of text_clean, and text_hash.

    text_hash: of the normalised words, 16 hex digits: among 10 million texts two that differ share one with odds of 1
        in 400,000. Null where no word is left, for two pictures are not the same post.
    """
    normalised = normalise(posts["text_clean"])
    hashes = [hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if text else None for text in normalised]
    return posts.with_columns(normalised=normalised, text_hash=pl.Series(hashes, dtype=pl.String))


def signatures(posts: pl.DataFrame) -> pl.DataFrame:
    """posted_at, and what ``hashed`` adds, of a day's posts to a row for each text that is long enough.

    In the schema TEXT_SIGNATURES, by posted_at and text_hash.
    """
    texts = (
        posts.select("text_hash", "posted_at", text=pl.col("normalised").str.replace_all(r"\p{Nd}+", "0"))
        .filter(pl.col("text").str.len_chars() >= MIN_CHARS)
        .sort("posted_at", "text_hash")
        .unique("text_hash", keep="first", maintain_order=True)
    )
    read = texts["text"].str.slice(0, MAX_CHARS)
    chunks = [_minhash(read.slice(offset, _CHUNK_TEXTS)) for offset in range(0, texts.height, _CHUNK_TEXTS)]
    matrix = np.concatenate([np.empty((0, SIGNATURE_BYTES), np.uint8), *chunks])
    return texts.select("text_hash", "posted_at", signature=pl.Series(matrix, dtype=TEXT_SIGNATURES["signature"]))


def _minhash(texts: pl.Series) -> npt.NDArray[np.uint8]:
    """A byte of each of 128 MinHash values (Broder 1997) of each text: texts × 128.

    In numpy, for a third of the time of rensa, whose digests come as lists, and because stored signatures have to stay
    comparable whatever version of a library is installed.
    """
    points = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le"), np.uint32).astype(np.uint64)
    first, second, third = points[:-2], points[1:-1], points[2:]  # 21 bits each
    is_ideograph = (third >= 0x3400) & (third < 0xA000) | (third >= 0x20000)
    pairs = second << np.uint64(21) | third
    shingles = np.where(is_ideograph, pairs, first << np.uint64(42) | pairs)
    # A shingle that reaches over the end of a text belongs to none.
    is_within = (third != _END) & (second != _END) & (is_ideograph | (first != _END))
    starts = np.concatenate([[0], np.cumsum(is_within)[third == _END][:-1]])
    hashes = (shingles[is_within] * _GOLDEN >> np.uint64(32)).astype(np.uint32)
    signature = np.empty((SIGNATURE_BYTES, len(texts)), np.uint8)
    for row, factor, shift in zip(signature, *_FACTORS_AND_SHIFTS, strict=True):
        row[:] = np.minimum.reduceat(hashes * factor + shift, starts) >> np.uint32(8)
    return signature.T


def links(day: pl.DataFrame, days_before: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """TEXT_SIGNATURES of a day and of the LOOK_BACK days before it, in order, to the day's DUPLICATE_LINKS.

    A link joins a text that is new on the day to an earlier one, of the day or before, that is as near as NEAR.
    """
    frames = [day.clear(), *days_before]
    known = pl.concat([frame.select("text_hash") for frame in frames])
    frames.append(day.join(known, on="text_hash", how="anti", maintain_order="left"))
    texts = pl.concat([frame.select("text_hash", "posted_at") for frame in frames])
    matrix = np.concatenate([frame["signature"].to_numpy().reshape(-1, SIGNATURE_BYTES) for frame in frames])
    del frames  # 128 MB a million texts
    earlier, later = _candidates(matrix, first_new=known.height)
    similarity = _similarity(matrix, earlier, later)
    near = similarity >= NEAR
    return pl.concat(
        [
            texts[later[near]],
            texts[earlier[near]].rename({"text_hash": "earlier_text_hash", "posted_at": "earlier_posted_at"}),
            pl.DataFrame({"similarity": similarity[near]}),
        ],
        how="horizontal",
    ).match_to_schema(DUPLICATE_LINKS)


def _candidates(matrix: npt.NDArray[np.uint8], first_new: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Pairs of rows, earlier and later, that share a band and of which the later one is new, each once.

    Of the texts that share a band each is paired with the first and with the one before it, not with all: a wave of
    100,000 near copies costs a band 200,000 pairs, and they still end in one component.
    """
    bands = matrix.view(BAND)
    rows = np.arange(len(matrix), dtype=np.uint64)
    found = [np.empty(0, np.uint64)]
    for band in range(bands.shape[1]):
        ordered = np.sort(bands[:, band].astype(np.uint64) << np.uint64(32) | rows)  # by value, then by row
        values, at = ordered >> np.uint64(32), ordered & np.uint64(0xFFFFFFFF)
        again = np.flatnonzero(values[1:] == values[:-1]) + 1
        again = again[at[again] >= first_new]
        first, one_before = at[np.searchsorted(values, values[again])], at[again - 1]
        found += [earlier << np.uint64(32) | at[again] for earlier in (first, one_before)]
    pairs = np.sort(np.concatenate(found))
    pairs = pairs[np.diff(pairs, prepend=np.uint64(0)) > 0]  # each once; no pair is 0, for the later row is none of 0
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _similarity(
    matrix: npt.NDArray[np.uint8], earlier: npt.NDArray[np.int64], later: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The Jaccard index of each pair of rows, estimated from all of their values."""
    equal = np.empty(len(earlier))
    for start in range(0, len(earlier), _CHUNK_PAIRS):
        chunk = slice(start, start + _CHUNK_PAIRS)
        equal[chunk] = np.count_nonzero(matrix[earlier[chunk]] == matrix[later[chunk]], axis=1) / SIGNATURE_BYTES
    return (equal - 1 / 256) / (1 - 1 / 256)  # values that differ agree in their byte once in 256


def groups(all_links: pl.DataFrame) -> pl.DataFrame:
    """DUPLICATE_LINKS of all days to DUPLICATE_GROUPS: a row for each text that is linked to another.

    A group is called after its earliest text, as the links know it.
    """
    ends = pl.concat(
        [
            all_links.select("text_hash", "posted_at"),
            all_links.select(text_hash="earlier_text_hash", posted_at="earlier_posted_at"),
        ]
    )
    texts = ends.group_by("text_hash").agg(pl.col("posted_at").min()).sort("posted_at", "text_hash")
    place = texts.select("text_hash", place=pl.int_range(pl.len()))
    edges = (
        all_links.select("text_hash", "earlier_text_hash")
        .join(place, on="text_hash")
        .join(place.rename({"text_hash": "earlier_text_hash", "place": "earlier_place"}), on="earlier_text_hash")
    )
    one, other = edges["place"].to_numpy(), edges["earlier_place"].to_numpy()
    lowest = np.arange(texts.height)
    while True:
        before = lowest.copy()
        np.minimum.at(lowest, one, lowest[other])
        np.minimum.at(lowest, other, lowest[one])
        lowest = lowest[lowest]
        if np.array_equal(lowest, before):
            return texts.select("text_hash", duplicate_group_id=texts["text_hash"].gather(lowest)).match_to_schema(
                DUPLICATE_GROUPS
            )
