"""python -m benchmarks.relevance: how well the rules of listening.yaml distinguish 小米 the company.

Prints precision, recall and F1 on the two halves of tests/orchestration/reading/data/, and the deciding words;
then the same with a model trained on the half that the rules were developed on. The posts are synthetic.

200 posts, half of them about the company: the file's columns are text, relevant (yes or no) and why. They are split
by a hash of the text. The rules of listening.yaml existed before the posts (F1 .73 on both halves); then they were
extended after their errors on the first half, and by similar words. The second half was scored without reading its
errors, but the rules and the posts have the same author: expect lower scores on real posts.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from core.listening import Match, load_listening
from orchestration.reading.cleaning import clean
from orchestration.reading.labels import RELEVANCE_LABELS
from orchestration.reading.relevance import Score, fit, judge, rule_score, score
from orchestration.reading.topics import match_topics

ROOT = Path(__file__).resolve().parents[1]
POSTS = ROOT / "tests/orchestration/reading/data/xiaomi_relevance.csv"
TOPIC = "xiaomi_kol"


def matched_posts() -> pl.DataFrame:
    """The posts matched by the name alone (topics.match_topics), with relevant and is_held_out, the second half."""
    posts = pl.read_csv(POSTS)
    texts = posts.select(
        platform=pl.lit("weibo"),
        post_id=pl.int_range(pl.len()).cast(pl.String),
        posted_at=pl.lit(datetime(2026, 1, 2, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")),
        hashtags=pl.lit([], pl.List(pl.String)),
    ).hstack(clean(posts["text"]))
    [topic] = [topic for topic in load_listening(ROOT / "listening.yaml").topics if topic.id == TOPIC]
    by_name = topic.model_copy(update={"match": Match(all=["小米"])})
    return match_topics(texts, [by_name], {}).hstack(
        [
            (posts["relevant"] == "yes").rename("relevant"),
            pl.Series("is_held_out", [zlib.crc32(text.encode()) % 2 == 1 for text in posts["text"]]),
        ]
    )


def judged(posts: pl.DataFrame, model: pl.DataFrame | None = None) -> pl.DataFrame:
    """The decisions of the rules, or of rules and model: relevant, is_held_out, is_relevant, relevance_reason."""
    verdicts = judge(posts, RELEVANCE_LABELS.to_frame(), {} if model is None else {TOPIC: model})
    return posts.select("relevant", "is_held_out").hstack(verdicts.select("is_relevant", "relevance_reason"))


def held_out(verdicts: pl.DataFrame, *, is_held_out: bool) -> Score:
    half = verdicts.filter(pl.col("is_held_out") == is_held_out)
    return score(half["relevant"], half["is_relevant"])


def deciding_words(posts: pl.DataFrame, side: str) -> Sequence[tuple[str, int]]:
    """The words for or against that occur in most posts, with the number of posts."""
    counts = posts[f"{side}_words"].explode().drop_nulls().value_counts(sort=True)
    return counts.sort("count", f"{side}_words", descending=[True, False]).head(12).rows()


def main() -> None:
    posts = matched_posts()
    learned = posts.filter(~pl.col("is_held_out"))
    model = fit(learned["text"], learned["relevant"], rule_score(learned))
    print(f"{posts.height} posts, {posts['relevant'].sum()} about the company")
    print(f"{'':<18}{'half':<12}{'precision':>10}{'recall':>10}{'F1':>10}")
    for name, verdicts in {"rules": judged(posts), "rules and model": judged(posts, model)}.items():
        for half, is_held_out in (("written on", False), ("held out", True)):
            numbers = "".join(f"{number:>10.3f}" for number in held_out(verdicts, is_held_out=is_held_out))
            print(f"{name:<18}{half:<12}{numbers}")
    for side in ("for", "against"):
        print(f"{side:<8}", ", ".join(f"{word} {count}" for word, count in deciding_words(posts, side)))
    ordered = model.sort("weight")["ngram"]
    print("model against", ", ".join(ordered.head(12)), "for", ", ".join(ordered.tail(12).reverse()))


if __name__ == "__main__":
    main()
