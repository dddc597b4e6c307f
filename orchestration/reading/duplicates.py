"""Groups of posts with equal or nearly equal texts, across platforms and days.

Texts that are equal after ``normalise`` share a text_hash, which is their group: no state, at any distance in time.
Near-duplicates are grouped in three steps, each a pure function of the previous one's output (core/contracts):

    text_signatures   a day's texts, 128 bytes each                     from the day's posts
    duplicate_links   a day's texts to earlier ones within LOOK_BACK    from the signatures of the day and those days
    duplicate_groups  connected components of the links of all days     from all links

The fingerprint of each version covers the versions that it was made from. When an earlier day is read again, in any
order, the links of the days that look back on it and the groups are made again, with the same result as if the days had
come in order. dbt then updates the posts whose group has changed (fct_posts). A group is named after its earliest text,
so later copies do not rename it.

The threshold. Replacing 10% of the characters leaves a Jaccard index of .48 on character 3-to-5-grams and of .68 on
2-grams (medians over 5,000 real posts), while 99.9% of random pairs of posts share less than .07 of their 2-grams. So
texts are compared by 2-grams of ideographs and 3-grams of other scripts, with each run of digits as one 0, at .5: two
thirds of the shingles in common. Texts shorter than 15 characters, counted after that replacement, are grouped only if
equal. A copy of a copy belongs to the group, though it may share less with the first text.
"""

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import polars as pl

from core.contracts.enriched import DUPLICATE_GROUPS, DUPLICATE_LINKS, SIGNATURE_BYTES, TEXT_SIGNATURES
from orchestration.reading.cleaning import match_key

LOOK_BACK = 7  # the days before a day with which its texts are compared; equal texts are grouped at any distance
MIN_CHARS = 15
MAX_CHARS = 2_000  # longer texts are compared by their beginnings, which bounds the cost
NEAR = 0.5
# Bands of 4 values, a byte each: 32 bits. Texts at .68 share one of 32 bands with odds of .9995, at .56 (the lowest
# percentile of texts with 10% replaced) of .96, two drawn at random with odds of 1 in 100,000.
BAND = np.dtype("<u4")
# From RandomState, whose numbers are the same in every version of numpy. An odd factor permutes the 32-bit numbers.
_FACTORS_AND_SHIFTS = np.random.RandomState(20260101).randint(2**32, size=(2, SIGNATURE_BYTES), dtype=np.uint32)
_FACTORS_AND_SHIFTS[0] |= 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_END = np.uint64(ord("\n"))  # does not occur in normalised text
_CHUNK_TEXTS = 2_048  # 60 characters each make 500 kB of hashes, which stay in a core's cache
_CHUNK_PAIRS = 65_536

_LINK_OR_MENTION = r"https?://[!-~]+|@[\w\-]{1,30}"
_EMOJI_CODE = r"\[[^\[\]\s]{1,8}\]"  # [笑哭R], [doge], [话题]
_NO_WORD = r"[^\p{L}\p{N}]+"


def normalise(text_clean: pl.Series) -> pl.Series:
    """Reduce own words to letters and digits, without links, mentions, emoji, emoji codes, punctuation and space."""
    key = match_key(text_clean).str.replace_all(_LINK_OR_MENTION, "").str.replace_all(_EMOJI_CODE, "")
    return key.str.replace_all(_NO_WORD, "")


def hashed(posts: pl.DataFrame) -> pl.DataFrame:
    """Add normalised, the result of ``normalise`` on text_clean, and text_hash.

    text_hash: 16 hex digits of the normalised text; the probability that two different texts among 10 million share one
        is 1 in 400,000. Null if no text is left: two posts with only pictures are not duplicates.
    """
    normalised = normalise(posts["text_clean"])
    hashes = [hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if text else None for text in normalised]
    return posts.with_columns(normalised=normalised, text_hash=pl.Series(hashes, dtype=pl.String))


def signatures(posts: pl.DataFrame) -> pl.DataFrame:
    """The signatures of a day's texts of at least MIN_CHARS, in the schema TEXT_SIGNATURES.

    posts: posted_at and the columns of ``hashed``. One row per text, sorted by posted_at and text_hash.
    """
    texts = (
        posts.select("text_hash", "posted_at", text=pl.col("normalised").str.replace_all(r"\p{Nd}+", "0"))
        .filter(pl.col("text").str.len_chars() >= MIN_CHARS)
        .sort("posted_at", "text_hash")
        .unique("text_hash", keep="first", maintain_order=True)
    )
    compared = texts["text"].str.slice(0, MAX_CHARS)
    chunks = [_minhash(compared.slice(offset, _CHUNK_TEXTS)) for offset in range(0, texts.height, _CHUNK_TEXTS)]
    matrix = np.concatenate([np.empty((0, SIGNATURE_BYTES), np.uint8), *chunks])
    return texts.select("text_hash", "posted_at", signature=pl.Series(matrix, dtype=TEXT_SIGNATURES["signature"]))


def _minhash(texts: pl.Series) -> npt.NDArray[np.uint8]:
    """One byte of each of 128 MinHash values (Broder 1997) of each text: texts × 128.

    Our own in numpy: it takes a quarter of the CPU of rensa, which returns lists, and stored signatures must stay
    comparable whatever version of a library is installed.
    """
    points = np.frombuffer(("\n".join(texts) + "\n").encode("utf-32-le"), np.uint32).astype(np.uint64)
    first, second, third = points[:-2], points[1:-1], points[2:]  # 21 bits each
    is_ideograph = (third >= 0x3400) & (third < 0xA000) | (third >= 0x20000)
    pairs = second << np.uint64(21) | third
    shingles = np.where(is_ideograph, pairs, first << np.uint64(42) | pairs)
    # A shingle that crosses the end of a text belongs to no text.
    is_within = (third != _END) & (second != _END) & (is_ideograph | (first != _END))
    starts = np.concatenate([[0], np.cumsum(is_within)[third == _END][:-1]])
    hashes = (shingles[is_within] * _GOLDEN >> np.uint64(32)).astype(np.uint32)
    signature = np.empty((SIGNATURE_BYTES, len(texts)), np.uint8)
    for row, factor, shift in zip(signature, *_FACTORS_AND_SHIFTS, strict=True):
        row[:] = np.minimum.reduceat(hashes * factor + shift, starts) >> np.uint32(8)
    return signature.T


def links(day: pl.DataFrame, days_before: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The DUPLICATE_LINKS of a day.

    day, days_before: TEXT_SIGNATURES of the day and of the LOOK_BACK days before it, in order. A link joins a text that
    is new on the day with an earlier text, of that day or before, if their similarity is at least NEAR.
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
    """Distinct pairs of rows, earlier and later, that share a band, where the later one is new.

    Each text is paired only with the first and the previous text that share its band: a wave of 100,000 near copies
    costs 200,000 pairs per band, and still forms one component.
    """
    bands = matrix.view(BAND)
    rows = np.arange(len(matrix), dtype=np.uint64)
    pairs_by_band = [np.empty(0, np.uint64)]
    for band in range(bands.shape[1]):
        ordered = np.sort(bands[:, band].astype(np.uint64) << np.uint64(32) | rows)  # by value, then by row
        values, at = ordered >> np.uint64(32), ordered & np.uint64(0xFFFFFFFF)
        again = np.flatnonzero(values[1:] == values[:-1]) + 1
        again = again[at[again] >= first_new]
        first, one_before = at[np.searchsorted(values, values[again])], at[again - 1]
        pairs_by_band += [earlier << np.uint64(32) | at[again] for earlier in (first, one_before)]
    pairs = np.sort(np.concatenate(pairs_by_band))
    pairs = pairs[
        np.diff(pairs, prepend=np.uint64(0)) > 0
    ]  # without repetitions; no pair is 0, since the later row is never row 0
    return (pairs >> np.uint64(32)).astype(np.int64), (pairs & np.uint64(0xFFFFFFFF)).astype(np.int64)


def _similarity(
    matrix: npt.NDArray[np.uint8], earlier: npt.NDArray[np.int64], later: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """The estimated Jaccard index of each pair of rows, from all values of their signatures."""
    equal = np.empty(len(earlier))
    for start in range(0, len(earlier), _CHUNK_PAIRS):
        chunk = slice(start, start + _CHUNK_PAIRS)
        equal[chunk] = np.count_nonzero(matrix[earlier[chunk]] == matrix[later[chunk]], axis=1) / SIGNATURE_BYTES
    return (equal - 1 / 256) / (1 - 1 / 256)  # the bytes of different values are equal once in 256


def groups(all_links: pl.DataFrame) -> pl.DataFrame:
    """The DUPLICATE_GROUPS of the DUPLICATE_LINKS of all days: one row per linked text.

    A group is a connected component, named after its earliest text. Our own label propagation, since scipy, which has
    connected components, is only installed for training (the train extra).
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
