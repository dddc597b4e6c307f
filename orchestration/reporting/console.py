"""The topics of a snapshot as tables for the terminal."""

from pathlib import Path

import duckdb
import polars as pl

from orchestration.reporting import limits

# first_day and last_day are null for a topic without any day yet.
_TOPICS = """
    select topics.topic_id, topic_name, window_start, window_end, volume, first_day, last_day
    from marts.dim_topics as topics left join marts.event_totals as totals on topics.topic_id = totals.topic_id
    order by topics.topic_id
"""
_PERCENT = "printf('%.2f%%', 100 * {column})"

# The last two columns of the sentiment table show the classifier's labels alone, without those of analysts.
_TABLES = {
    "By platform": f"""
        select platform, volume as posts, {_PERCENT.format(column="volume_share")} as share, interactions,
               {_PERCENT.format(column="interaction_share")} as interaction_share,
               case when is_complete then 'yes' else 'no' end as complete
        from marts.event_platforms where topic_id = $topic order by volume desc nulls last
    """,
    "Posts by day": """
        pivot (select posted_date, platform, volume from marts.daily_volume where topic_id = getvariable('topic'))
        on platform using first(volume) group by posted_date order by posted_date
    """,
    "By sentiment": f"""
        select sentiment, volume as posts, {_PERCENT.format(column="volume_share")} as share, interactions,
               {_PERCENT.format(column="interaction_share")} as interaction_share,
               model_volume as model_alone, {_PERCENT.format(column="model_volume_share")} as model_alone_share
        from marts.event_sentiment where topic_id = $topic order by volume desc nulls last
    """,
}


def event_table(snapshot: Path) -> str:
    """Posts and interactions of each topic by platform, day and sentiment, as Markdown tables.

    Windows that are longer than limits.DAYS are not listed by day.
    """
    parts = []
    with duckdb.connect(str(snapshot), read_only=True) as connection:
        for topic_id, name, start, end, volume, first, last in connection.execute(_TOPICS).fetchall():
            posts = "number of posts unknown" if volume is None else f"{volume:,} posts"
            parts.append(f"\n{name} ({topic_id}), {start} to {end or 'today'}: {posts}")
            days = (last - first).days + 1 if first else 0
            connection.execute("set variable topic = $topic", {"topic": topic_id})
            for title, query in _TABLES.items():
                if title == "Posts by day" and not 0 < days <= limits.DAYS:
                    continue
                relation = connection.execute(query, {"topic": topic_id} if "$topic" in query else None)
                parts.append(f"\n{title}\n{markdown(relation.pl())}")
    return "\n".join(parts)


def markdown(frame: pl.DataFrame) -> str:
    """A frame as a Markdown table; no cell is wrapped or cut, so that paths can be copied from it."""
    with pl.Config(
        tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_dataframe_shape=True,
        tbl_hide_column_data_types=True,
        tbl_rows=-1,
        tbl_cols=-1,
        tbl_width_chars=-1,
        fmt_str_lengths=10_000,  # the longest cell; there is no value for "all"
        thousands_separator=",",
    ):
        return str(frame)
