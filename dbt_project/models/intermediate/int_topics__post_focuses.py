"""What the posts that count for a topic speak of. A focus keeps the id that it had when this table was last built."""

from orchestration.analysis.focuses import POST_FOCUSES, find_focuses


def model(dbt, session):
    dbt.config(materialized="table")
    this = dbt.this
    is_built = session.execute(
        "select count(*) from duckdb_tables() where schema_name = ? and table_name = ?", [this.schema, this.identifier]
    ).fetchone()[0]
    if is_built:
        before = session.sql(f"from {this}").select("topic_id, focus_id, vocabulary").distinct().pl()
    else:
        before = POST_FOCUSES.to_frame()
    columns = "topic_id, post_uid, sentiment, duplicate_group_id, segmented"
    return find_focuses(dbt.ref("int_topics__posts").select(columns).pl(), before)
