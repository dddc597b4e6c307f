"""make audit: draw the posts of a topic that analysts are to label, so that its shares of sentiments can be corrected.

Drawn from the published snapshot: the posts that count for the topic, as analysis/shares.py says. The file goes to
data/labels/audit/; labels are read from there, and what is blank is still to be labelled.
"""

import argparse
import sys
from pathlib import Path

import duckdb
import polars as pl

from core.environment import now
from core.storage.paths import labels_dir, serving_path
from orchestration.statistics.shares import draw_audit

# 300 labels put the negative share within 1.5 points of the truth in every domain tried (docs/benchmarks.md).
SIZE = 300
_POSTS = """
    select posts.platform, posts.post_id, posts.post_url, posts.text, posts.audit_flags, posts.model_sentiment,
           posts.p_negative, posts.p_neutral, posts.p_positive
    from marts.fct_posts as posts
    inner join marts.fct_post_topics as topics on posts.post_uid = topics.post_uid
    where topics.topic_id = $topic and topics.is_relevant and not posts.is_ad and posts.has_own_words
"""


def audit_sheet(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """What analysts fill in: the posts that are drawn, in an order that tells nothing, without what the model says."""
    drawn = draw_audit(posts, size).join(posts, on=["platform", "post_id"])
    return drawn.sort(pl.concat_str("post_id", "platform").hash(1)).select(
        "platform",
        "post_id",
        pl.col("audit_weight").round(4),
        sentiment=pl.lit(""),
        labeller=pl.lit(""),
        labelled_at=pl.lit(""),
        flags=pl.col("audit_flags").list.join(" "),
        post_url="post_url",
        text="text",
    )


def write_audit(snapshot: Path, folder: Path, topic_id: str, size: int) -> Path:
    """Write the sheet of a topic. Raises ValueError where it has no posts, FileExistsError where there is a sheet."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        posts = connection.execute(_POSTS, {"topic": topic_id}).pl()
    if posts.is_empty():
        raise ValueError(f"no posts of a topic {topic_id!r} are published; its id stands in listening.yaml.")
    path = folder / f"{topic_id}-{now():%Y%m%d}.csv"
    if path.exists():
        raise FileExistsError(f"{path} is there already, perhaps with labels in it; move it, or fill it in.")
    folder.mkdir(parents=True, exist_ok=True)
    audit_sheet(posts, size).write_csv(path, include_bom=True)  # Excel takes it for UTF-8 only so
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description="Draw posts of a topic for analysts to label.")
    parser.add_argument("--topic", required=True, help="the topic's id")
    parser.add_argument("--size", type=int, default=SIZE, help="posts to draw; 300 by default")
    arguments = parser.parse_args()
    if not serving_path().exists():
        print("audit: nothing is published yet; run 'make refresh' first.", file=sys.stderr)
        return 1
    try:
        path = write_audit(serving_path(), labels_dir() / "audit", arguments.topic, arguments.size)
    except (ValueError, FileExistsError) as problem:
        print(f"audit: {problem}", file=sys.stderr)
        return 1
    print(f"Fill in sentiment (negative, neutral or positive), labeller and labelled_at, then 'make refresh':\n{path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
