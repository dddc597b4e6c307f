"""python -m benchmarks.duplicates [--posts 1000000]: speed and quality of near-duplicate detection.

The posts are synthetic, 20 to 160 characters: words drawn by Zipf's law, so that two posts share as little as real ones
do. Three in ten are edits of another post, mostly of a few popular ones, as in a wave: copies; emoji inserted; numbers
changed; a repost tail added; 10% of the characters replaced; and posts that quote a third of another one, which are not
its duplicates.

Prints seconds by step and peak memory, from cleaning to groups, and for links with LOOK_BACK earlier days of as many
posts; then, for each kind of edit, the share in their original's group (recall), and the share of the posts in their
group with the same original (precision, B-cubed: Bagga and Baldwin 1998).
"""

import argparse
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from core.contracts.enriched import SIGNATURE_BYTES, TEXT_SIGNATURES
from orchestration.reading.cleaning import clean
from orchestration.reading.duplicates import LOOK_BACK, groups, hashed, links, signatures

START = datetime(2026, 1, 1, tzinfo=UTC)
SECONDS_A_DAY = 86_400
# The 3,755 commonest characters: the first level of GB 2312.
CHARACTERS = [
    bytes([row, cell]).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFA if row == 0xD7 else 0xFF)
]
WORDS = 30_000
EDITED = 0.3
QUOTE = "quotes a third"
_random = random.Random(2026)
_numbers = np.random.RandomState(2026)


def originals(count: int) -> list[str]:
    """Texts of 10 to 80 two-character words and two numbers."""
    words = ["".join(_random.choices(CHARACTERS, k=2)) for _ in range(WORDS)]
    drawn = (_numbers.zipf(1.2, size=count * 90) - 1) % WORDS  # the tail comes round to rare words
    texts, at = [], 0
    for length in _numbers.randint(10, 81, size=count):
        drawn_words = [words[number] for number in drawn[at : at + length]]
        at += length
        middle = length // 2
        price, percent = _numbers.randint(10, 9_999), _numbers.randint(1, 99)
        texts.append(f"{''.join(drawn_words[:middle])}，{price}元，{''.join(drawn_words[middle:])}，{percent}%。")
    return texts


def with_emoji(text: str) -> str:
    for _ in range(3):
        place = _random.randrange(len(text) + 1)
        text = text[:place] + _random.choice(["😀", "[doge]", "👍", "[笑哭R]", "！"]) + text[place:]
    return text


def with_other_numbers(text: str) -> str:
    return "".join(_random.choice("123456789") if character.isdigit() else character for character in text)


def with_a_tail(text: str) -> str:
    return f"{text}//@合成用户0001:{''.join(_random.choices(CHARACTERS, k=30))}"


def with_a_tenth_replaced(text: str) -> str:
    characters = list(text)
    for place in _random.sample(range(len(text)), round(len(text) / 10)):
        characters[place] = _random.choice(CHARACTERS)
    return "".join(characters)


def quoting_a_third(text: str) -> str:
    third = len(text) // 3
    return text[:third] + "".join(_random.choices(CHARACTERS, k=2 * third))


EDITS: dict[str, Callable[[str], str]] = {
    "copied": str,
    "emoji inserted": with_emoji,
    "numbers changed": with_other_numbers,
    "repost tail": with_a_tail,
    "10% replaced": with_a_tenth_replaced,
    QUOTE: quoting_a_third,
}


def planted(count: int) -> pl.DataFrame:
    """A day's posts, the originals first: text, posted_at, kind, and original, the index of the source post."""
    edited = round(count * EDITED)
    texts = originals(count - edited)
    # The cube creates a wave: one in ten edits is of the first thousandth of the originals.
    of = [int(len(texts) * _random.random() ** 3) for _ in range(edited)]
    kinds = [_random.choice(list(EDITS)) for _ in range(edited)]
    edits = [EDITS[kind](texts[number]) for kind, number in zip(kinds, of, strict=True)]
    moments = np.linspace(0, SECONDS_A_DAY - 1, count).astype(np.int64)
    return pl.DataFrame(
        {
            "text": texts + edits,
            "kind": ["original"] * len(texts) + kinds,
            "original": list(range(len(texts))) + of,
            "posted_at": (pl.Series(moments) * 1_000_000 + int(START.timestamp() * 1_000_000)).cast(
                pl.Datetime("us", "UTC")
            ),
        }
    )


def grouped(posts: pl.DataFrame) -> tuple[pl.DataFrame, dict[str, float], float, float]:
    """Posts with their duplicate_group_id; seconds by step; seconds of CPU; the peak of this process's memory in GB."""
    seconds: dict[str, float] = {}
    cpu = time.process_time()

    def timed(step: str, call: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = call()
        seconds[step] = time.perf_counter() - start
        return result

    text_clean = timed("clean", lambda: clean(posts["text"]))["text_clean"]
    posts = timed("hash", lambda: hashed(posts.drop("text").with_columns(text_clean)))
    day = timed("signatures", lambda: signatures(posts))
    day_links = timed("links", lambda: links(day, []))
    near = timed("groups", lambda: groups(day_links))
    posts = posts.join(near, on="text_hash", how="left", maintain_order="left")
    posts = posts.with_columns(pl.col("duplicate_group_id").fill_null(pl.col("text_hash")))
    return posts, seconds, time.process_time() - cpu, _peak_gb()


def linked_with_days_before(count: int) -> tuple[float, float, float]:
    """Link a day of ``count`` texts with LOOK_BACK such days: wall seconds, CPU seconds, peak memory in GB.

    The signatures are random bytes, like those of unrelated texts, and are read from files.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder, f"{day}.parquet") for day in range(LOOK_BACK + 1)]
        for day, path in enumerate(files):
            _random_signatures(count, day).write_parquet(path)
        start, cpu = time.perf_counter(), time.process_time()
        links(pl.read_parquet(files[-1]), (pl.read_parquet(path) for path in files[:-1]))
        return time.perf_counter() - start, time.process_time() - cpu, _peak_gb()


def _random_signatures(count: int, day: int) -> pl.DataFrame:
    generator = np.random.RandomState(day)
    return pl.DataFrame(
        {
            "text_hash": [f"{number:016x}" for number in generator.randint(2**63, size=count)],
            "posted_at": pl.Series([START] * count, dtype=TEXT_SIGNATURES["posted_at"]),
            "signature": pl.Series(
                generator.randint(256, size=(count, SIGNATURE_BYTES), dtype=np.uint8),
                dtype=TEXT_SIGNATURES["signature"],
            ),
        }
    )


def _peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


def quality(posts: pl.DataFrame) -> pl.DataFrame:
    """By kind of edit: posts, recall and precision. A quoting post is its own original: not to be grouped."""
    posts = posts.with_row_index("number").with_columns(
        truth=pl.when(pl.col("kind") == QUOTE).then("number").otherwise("original")
    )
    group = pl.col("duplicate_group_id")
    of_original = posts["duplicate_group_id"].gather(posts["original"])
    return (
        posts.with_columns(
            is_with_original=group == of_original,
            precision=pl.len().over("duplicate_group_id", "truth") / pl.len().over("duplicate_group_id"),
        )
        .group_by("kind")
        .agg(posts=pl.len(), recall=pl.col("is_with_original").mean(), precision=pl.col("precision").mean())
        .with_columns(recall=pl.when(pl.col("kind") == QUOTE).then(None).otherwise("recall"))
        .sort("kind")
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.duplicates", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--posts", type=int, default=1_000_000)
    count = parser.parse_args().posts
    # Each in its own process, to measure its own peak memory. Spawned, since polars hangs in a forked process.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        posts, seconds, cpu, peak = pool.submit(grouped, planted(count)).result()
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        days_seconds, days_cpu, days_peak = pool.submit(linked_with_days_before, count).result()
    steps = ", ".join(f"{step} {taken:.1f}" for step, taken in seconds.items())
    print(f"{count:,} posts: {sum(seconds.values()):.1f} s ({steps}), CPU {cpu:.1f} s, peak {peak:.2f} GB")
    print(
        f"links with {LOOK_BACK} days of {count:,} texts before: {days_seconds:.1f} s, CPU {days_cpu:.1f} s, "
        f"peak {days_peak:.2f} GB"
    )
    print(f"largest group {posts['duplicate_group_id'].value_counts()['count'].max():,} posts")
    for kind, number, recall, precision in quality(posts).rows():
        shown = "" if recall is None else f"{recall:.4f}"
        print(f"{kind:<18}{number:>10,}  recall {shown:<8}precision {precision:.4f}")


if __name__ == "__main__":
    main()
