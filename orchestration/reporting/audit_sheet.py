"""The audit sheet: posts of a topic for analysts to label, so that its shares of sentiments can be corrected.

The posts are drawn from the published snapshot as statistics/shares.py says. Labels are read from the same file later;
a blank sentiment is still to be labelled.
"""

from pathlib import Path

import duckdb
import polars as pl

from core.environment import now
from core.problems import Problem
from core.spreadsheets import write_csv
from orchestration.statistics.shares import draw_audit

_POSTS = """
    select posts.platform, posts.post_id, posts.post_url, posts.text, posts.audit_flags, posts.model_sentiment,
           posts.p_negative, posts.p_neutral, posts.p_positive
    from marts.fct_posts as posts
    inner join marts.fct_post_topics as topics on posts.post_uid = topics.post_uid
    where topics.topic_id = $topic and topics.is_relevant and not posts.is_ad and posts.has_own_words
"""


def audit_sheet(posts: pl.DataFrame, size: int) -> pl.DataFrame:
    """The rows that analysts fill in: the drawn posts, in an order that reveals nothing, without the model's label."""
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
    """Write the sheet of a topic and return its path. Raises Problem if the topic has no posts or the sheet exists."""
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        posts = connection.execute(_POSTS, {"topic": topic_id}).pl()
    if posts.is_empty():
        raise Problem(f"No posts of topic {topic_id!r} are published; listening.yaml has the ids of the topics.")
    path = folder / f"{topic_id}-{now():%Y%m%d}.csv"
    if path.exists():
        raise Problem(f"{path} exists already and may hold labels; fill it in, or move it away to draw a new one.")
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(audit_sheet(posts, size), path, include_bom=True)
    return path
