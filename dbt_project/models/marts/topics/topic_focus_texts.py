"""The focuses of each topic, with the posts and liked comments that have them.

A focus keeps its id from the previous build of this table.
"""

import polars as pl

from orchestration.statistics.focuses import TEXT_FOCUSES, find_focuses


def model(dbt, session):
    dbt.config(materialized="table")
    this = dbt.this
    is_built = session.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [this.schema, this.identifier]
    ).fetchone()[0]
    if is_built:
        before = session.sql(f"from {this}").select("topic_id, focus_id, vocabulary").distinct().pl()
    else:
        before = TEXT_FOCUSES.to_frame()
    columns = "topic_id, {} as text_uid, sentiment, {} as duplicate_group_id, segmented"
    posts = dbt.ref("topic_posts").select(columns.format("post_uid", "duplicate_group_id"))
    comments = dbt.ref("topic_liked_comments").select(columns.format("comment_uid", "text_hash"))
    return find_focuses(pl.concat([posts.pl(), comments.pl()]), before)
