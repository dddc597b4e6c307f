"""The context of a report: names, quoted texts, the order of table rows and the data of the charts.

Numbers in it are drawn or compared but never printed; printed numbers come from the ledger.
"""

from datetime import date, datetime
from typing import Any, NamedTuple

import duckdb

from core.problems import Problem
from orchestration.reporting import limits
from orchestration.reporting.ledger import tables_of

# The rows of a topic that are printed, by table, in print order.
_QUERIES = {
    "event_platforms": """
        select totals.platform, names.name_zh, names.name_en, totals.volume, totals.interactions, totals.is_complete,
               totals.interactions_is_floor
        from marts.event_platforms as totals inner join marts.dim_platforms as names
        on totals.platform = names.platform
        where topic_id = $topic order by totals.volume desc nulls last, totals.platform
    """,
    "event_phases": """
        select phase, started_at, ended_at, is_censored, rule from marts.event_phases
        where topic_id = $topic order by started_at
    """,
    "event_heat": """
        select platform, hot_list_reads from marts.event_heat
        where topic_id = $topic order by platform is not null, platform
    """,
    "event_keywords": f"""
        select word from marts.event_keywords where topic_id = $topic and platform = 'all' and sentiment = 'all'
        order by frequency_rank, word limit {limits.WORDS}
    """,
    "event_hashtags": f"""
        select hashtag from marts.event_hashtags where topic_id = $topic and platform = 'all' and sentiment = 'all'
        order by frequency_rank, hashtag limit {limits.HASHTAGS}
    """,
    "event_top_posts": f"""
        select tops.post_uid, posts.platform, posts.post_url, posts.text, posts.sentiment
        from marts.event_top_posts as tops inner join marts.event_posts as posts
        on tops.post_uid = posts.post_uid and tops.topic_id = posts.topic_id
        where tops.topic_id = $topic and tops.platform is null and tops.rank <= {limits.POSTS} order by tops.rank
    """,
    "event_top_comments": f"""
        select comment_uid, platform, post_url, text from marts.event_top_comments
        where topic_id = $topic and rank <= {limits.COMMENTS} order by rank
    """,
    "event_focuses": f"""
        select focuses.focus_id, focuses.label, posts.text as exemplar, posts.post_url
        from marts.event_focuses as focuses left join marts.fct_posts as posts on focuses.exemplar_1 = posts.post_uid
        where focuses.topic_id = $topic order by frequency_rank, focus_id limit {limits.FOCUSES}
    """,
    "event_voices": f"""
        select author_uid, display_name, platform, kind, stance, top_post_url from marts.event_voices
        where topic_id = $topic and rank <= {limits.VOICES} order by rank
    """,
    "event_hot_lists": f"""
        select platform, list_name, word, is_censored from marts.event_hot_lists
        where topic_id = $topic order by best_rank, first_seen_at, platform, word limit {limits.HOT_WORDS}
    """,
    "crawl_coverage": """
        select platform, missing_reason, list(strftime(posted_date, '%Y-%m-%d') order by posted_date) as days
        from marts.crawl_coverage where topic_id = $topic and not is_complete
        group by platform, missing_reason order by platform, missing_reason
    """,
    "dim_metrics": """
        select metric_id, name, name_zh, formula, formula_zh, unit, unit_zh, version,
            strftime(valid_from, '%Y-%m-%d') as valid_from
        from marts.dim_metrics order by metric_id, version
    """,
}
_CORRECTIONS = (
    "select distinct correction from marts.event_sentiment where topic_id = $topic and correction is not null"
)

Row = dict[str, Any]


class ReportContext(NamedTuple):
    """The context of the report of one topic.

    ``rows`` holds the rows of each table in print order; none if the snapshot does not have the table.
    """

    topic_id: str
    name: str
    brand: str
    start: date
    end: date | None
    days: list[date]  # every day of the window up to now
    phase_of: dict[date, str]
    hourly: list[tuple[datetime, int | None, int | None]]  # hour in UTC, volume, interactions
    rows: dict[str, list[Row]]
    kinds: list[str]  # kinds of voices
    corrections: list[str]  # methods that corrected the sentiment shares
    is_floor: bool  # the sum of interactions is a lower bound
    mixed_models: str | None  # the ids of the sentiment models; None if there are not several

    def platform_name(self, platform: str, language: str) -> str:
        """The name of a platform in a language; its id if it has no row."""
        for row in self.rows["event_platforms"]:
            if row["platform"] == platform:
                return str(row[f"name_{language}"])
        return platform


def read_context(connection: duckdb.DuckDBPyConnection, topic_id: str) -> ReportContext:
    """Read the context of a topic from a snapshot. Raises Problem if the snapshot does not have the topic."""
    tables = tables_of(connection)
    topic = {"topic": topic_id}

    def rows(query: str, table: str) -> list[Row]:
        if table not in tables:
            return []
        result = connection.execute(query, topic if "$topic" in query else None)
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]

    topics = rows(
        "select topic_name, brand, window_start, window_end from marts.dim_topics where topic_id = $topic", "dim_topics"
    )
    if not topics:
        known = ", ".join(row["topic_id"] for row in rows("select topic_id from marts.dim_topics", "dim_topics"))
        raise Problem(f"The topic {topic_id!r} is not published; published topics: {known or 'none'}.")
    totals = rows(
        "select interactions_is_floor, case when is_mixed_model then sentiment_models end as mixed_models "
        "from marts.event_totals where topic_id = $topic",
        "event_totals",
    )
    days = rows(
        "select posted_date, phase from marts.event_daily_totals where topic_id = $topic order by posted_date",
        "event_daily_totals",
    )
    hours = rows(
        "select posted_hour, volume, interactions from marts.event_hourly_totals where topic_id = $topic "
        "order by posted_hour",
        "event_hourly_totals",
    )
    kinds = rows("select kind from marts.event_voice_kinds where topic_id = $topic order by kind", "event_voice_kinds")
    return ReportContext(
        topic_id=topic_id,
        name=topics[0]["topic_name"],
        brand=topics[0]["brand"],
        start=topics[0]["window_start"],
        end=topics[0]["window_end"],
        days=[row["posted_date"] for row in days],
        phase_of={row["posted_date"]: row["phase"] for row in days if row["phase"] is not None},
        hourly=[(row["posted_hour"], row["volume"], row["interactions"]) for row in hours],
        rows={table: rows(query, table) for table, query in _QUERIES.items()},
        kinds=[row["kind"] for row in kinds],
        corrections=sorted(row["correction"] for row in rows(_CORRECTIONS, "event_sentiment")),
        is_floor=bool(totals and totals[0]["interactions_is_floor"]),
        mixed_models=totals[0]["mixed_models"] if totals else None,
    )
