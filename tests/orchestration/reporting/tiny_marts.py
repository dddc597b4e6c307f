"""Small marts files for tests of the report: the tables of the contracts, filled from a few posts.

A dbt build takes some 10 s, and these tests need some twenty different marts (a blocked day, an open window, no
sentiment ...), so the tables are filled by simple SQL instead. No test takes a figure from here as right: they test
what the report makes of given marts. tests/dbt_project tests the marts themselves.
"""

import csv
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[3]
MARTS = ROOT / "dbt_project" / "models" / "marts"
TOPIC = "demo"


class Tiny(NamedTuple):
    """A post of the topic. at: hours since the first midnight in Asia/Shanghai."""

    platform: str
    at: float
    sentiment: str | None = "neutral"
    likes: int | None = 1
    text: str = "合成帖子"


@cache
def contracts() -> dict[str, dict[str, str]]:
    """The columns of every mart with their types, as the contracts have them."""
    tables: dict[str, dict[str, str]] = {}
    for path in sorted(MARTS.rglob("*.yml")):
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", []):
            columns = {column["name"]: column.get("data_type") for column in model.get("columns", [])}
            if columns and all(columns.values()):
                tables[model["name"]] = columns
    return tables


def make_marts(
    path: Path,
    posts: Iterable[Tiny] = (),
    *,
    platforms: Sequence[str] = ("weibo", "douyin"),
    days: int = 3,
    blocked: Iterable[tuple[str, int]] = (),
    statement_at: float | None = None,
    window_is_open: bool = False,
    topic_name: str = "合成话题",
    posts_sql: str = "",
) -> Path:
    """A marts file of one topic from 2026-01-01 on. blocked: platforms and days (0 is the first) that were refused.

    posts_sql: instead of posts, a query with post_uid, platform, posted_at, sentiment, likes, text.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    first = date(2026, 1, 1)
    with duckdb.connect(str(path)) as connection:
        for table, columns in contracts().items():
            listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
            connection.execute(f'create table "{table}" ({listed})')
        for seed in ("dim_metrics", "dim_platforms"):
            file = ROOT / "dbt_project" / "seeds" / "marts" / f"{seed}.csv"
            connection.execute(f"create or replace table {seed} as from read_csv('{file}', header = true)")
        end = None if window_is_open else first + timedelta(days=days - 1)
        _insert(
            connection,
            "dim_topics",
            topic_id=TOPIC,
            topic_name=topic_name,
            brand="合成",
            window_start=first,
            window_end=end,
            platforms=len(platforms),
        )
        connection.execute("create temp table asked (platform varchar)")
        connection.executemany("insert into asked values (?)", [(platform,) for platform in platforms])
        connection.execute("create temp table refused (platform varchar, posted_date date)")
        for platform, day in blocked:
            connection.execute("insert into refused values (?, ?)", [platform, first + timedelta(days=day)])
        connection.execute(
            "create temp table given (post_uid varchar, platform varchar, posted_at timestamp, sentiment varchar, "
            "likes bigint, text varchar)"
        )
        start = datetime(2025, 12, 31, 16)  # noqa: DTZ001  # UTC, naive as in the marts
        rows = [
            (
                f"{one.platform}:{number}",
                one.platform,
                start + timedelta(hours=one.at),
                one.sentiment,
                one.likes,
                one.text,
            )
            for number, one in enumerate(posts)
        ]
        if posts_sql:
            connection.execute(f"insert into given {posts_sql}")
        elif rows:
            connection.executemany("insert into given values (?, ?, ?, ?, ?, ?)", rows)
        last = first + timedelta(days=days - 1)
        values = {"topic": TOPIC, "first": first, "last": last}
        for table, query in _DERIVED.items():
            _fill(connection, table, query, {name: value for name, value in values.items() if f"${name}" in query})
        statement = start + timedelta(hours=statement_at) if statement_at is not None else None
        _fill(connection, "event_summary", _SUMMARY, {"topic": TOPIC, "statement": statement})
    return path


def _insert(connection: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
    names = ", ".join(values)
    marks = ", ".join("?" for _ in values)
    connection.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))


def _fill(connection: duckdb.DuckDBPyConnection, table: str, query: str, values: dict[str, Any]) -> None:
    connection.execute(f"insert into {table} by name {query}", values)


def metric_ids() -> set[str]:
    with (ROOT / "dbt_project" / "seeds" / "marts" / "dim_metrics.csv").open(encoding="utf-8") as file:
        return {row["metric_id"] for row in csv.DictReader(file)}


# A platform's days, with what is known of them: a refused day without posts has null numbers.
_SLOTS = """
    select days.platform, days.posted_date, days.is_complete,
           case when days.is_complete or count(posts.post_uid) > 0 then count(posts.post_uid) end as volume,
           case when days.is_complete or count(posts.post_uid) > 0 then coalesce(sum(posts.interactions), 0) end
               as interactions
    from (
        select asked.platform, cast(range as date) as posted_date,
               not exists (from refused where refused.platform = asked.platform
                           and refused.posted_date = cast(range as date)) as is_complete
        from asked
        cross join range(cast($first as timestamp), cast($last as timestamp) + interval 1 day, interval 1 day)
    ) as days
    left join event_posts as posts on posts.platform = days.platform and posts.posted_date = days.posted_date
    group by days.platform, days.posted_date, days.is_complete
"""
_SHARE = "count(posts.post_uid) / nullif(sum(count(posts.post_uid)) over (), 0)"
_DERIVED = {
    "event_posts": """
        select $topic as topic_id, post_uid, platform, 'https://' || platform || '.example/' || post_uid as post_url,
               posted_at, cast(posted_at + interval 8 hour as date) as posted_date,
               date_trunc('hour', posted_at) as posted_hour, platform || ':author' as author_uid, false as is_repost,
               0 as repost_depth, post_uid as duplicate_group_id, text, likes, 0 as comments, 0 as shares,
               likes as interactions, false as interactions_is_floor, sentiment, 'model' as sentiment_source,
               posted_at + interval 80 hour as observed_at, 80.0 as observation_age_hours, 'spider' as source
        from given
    """,
    "fct_posts": "select post_uid, platform, post_url, text, 'spider' as source, '合成 帖子' as segmented, "
    "['话题'] as hashtags from event_posts",
    "crawl_coverage": f"""
        select $topic as topic_id, platform, posted_date, is_complete,
               case when not is_complete then 'blocked' end as missing_reason from ({_SLOTS}) as slots
    """,
    "event_daily": f"""
        select $topic as topic_id, platform, posted_date, volume, volume as distinct_volume, interactions, is_complete,
               1.0 as mature_share, case when volume > 0 then 'latent' end as phase from ({_SLOTS}) as slots
    """,
    "event_hourly": """
        select $topic as topic_id, days.platform, days.posted_date, cast(days.is_complete as boolean) as is_complete,
               hours.start as posted_hour,
               case when days.volume is not null then count(posts.post_uid) end as volume,
               case when days.volume is not null then coalesce(sum(posts.interactions), 0) end as interactions
        from event_daily as days
        cross join lateral (
            select cast(days.posted_date as timestamp) - interval 8 hour + to_hours(cast(range as bigint)) as start
            from range(24)
        ) as hours
        left join event_posts as posts on posts.platform = days.platform and posts.posted_hour = hours.start
        group by days.platform, days.posted_date, days.is_complete, days.volume, hours.start
    """,
    "event_platforms": """
        select $topic as topic_id, days.platform, sum(days.volume) as volume, sum(days.volume) as distinct_volume,
               sum(days.volume) / nullif(sum(sum(days.volume)) over (), 0) as volume_share,
               sum(days.interactions) as interactions, false as interactions_is_floor,
               sum(days.interactions) / nullif(sum(sum(days.interactions)) over (), 0) as interaction_share,
               sum(days.interactions) / nullif(sum(days.volume), 0) as interactions_per_post,
               1 as authors, count(*) as days, count(*) filter (where days.is_complete) as complete_days,
               bool_and(days.is_complete) as is_complete, 1.0 as mature_share
        from event_daily as days group by days.platform
    """,
    "event_daily_totals": """
        select $topic as topic_id, posted_date, case when count(*) = count(volume) then sum(volume) end as volume,
               case when count(*) = count(interactions) then sum(interactions) end as interactions, max(phase) as phase
        from event_daily group by posted_date
    """,
    "event_hourly_totals": """
        select $topic as topic_id, posted_hour, case when count(*) = count(volume) then sum(volume) end as volume,
               case when count(*) = count(interactions) then sum(interactions) end as interactions
        from event_hourly group by posted_hour
    """,
    "crawl_gaps": """
        select $topic as topic_id, platform, missing_reason, count(*) as days
        from crawl_coverage where not is_complete group by all
    """,
    "event_totals": """
        select $topic as topic_id, sum(volume) as volume, sum(volume) as original_volume,
               sum(volume) as distinct_volume, count(volume) as authors, sum(interactions) as interactions,
               false as interactions_is_floor, sum(interactions) / nullif(sum(volume), 0) as interactions_per_post,
               (select median(interactions) from event_posts) as interactions_median, 1.0 as top10_share,
               (select count(*) from event_posts where source = 'spider') as crawled_volume,
               (select max(observed_at) from event_posts) as observed_to,
               1.0 as mature_share, sum(days) as platform_days, sum(complete_days) as complete_platform_days,
               bool_and(is_complete) as is_complete,
               (select (count(*) filter (where sentiment = 'positive') - count(*) filter (where sentiment = 'negative'))
                       / nullif(count(*) filter (where sentiment in ('positive', 'negative')), 0)
                from event_posts) as nsr_polar,
               (select (count(*) filter (where sentiment = 'positive') - count(*) filter (where sentiment = 'negative'))
                       / nullif(count(*), 0) from event_posts) as nsr_total
        from event_platforms
    """,
    "event_sentiment": f"""
        select $topic as topic_id, sentiments.sentiment, count(posts.post_uid) as volume, {_SHARE} as volume_share,
               {_SHARE} as corrected_share, {_SHARE} * .9 as corrected_low, {_SHARE} as corrected_high,
               {_SHARE} * .9 as share_low, {_SHARE} as share_high,
               {_SHARE} * .9 as share_of_posts_low, {_SHARE} as share_of_posts_high, 'emq' as correction,
               coalesce(sum(posts.interactions), 0) as interactions,
               sum(posts.interactions) / nullif(sum(sum(posts.interactions)) over (), 0) as interaction_share
        from (select unnest(['negative', 'neutral', 'positive']) as sentiment) as sentiments
        left join event_posts as posts on sentiments.sentiment = posts.sentiment
        group by sentiments.sentiment
    """,
    "event_platform_sentiment": """
        select $topic as topic_id, totals.platform, sentiments.sentiment,
               case when any_value(totals.volume) is not null then count(posts.post_uid) end as volume,
               count(posts.post_uid) / nullif(any_value(totals.volume), 0) as volume_share,
               sum(posts.interactions) as interactions,
               sum(posts.interactions) / nullif(any_value(totals.interactions), 0) as interaction_share,
               sum(posts.interactions) / nullif(
                   sum(sum(posts.interactions)) over (partition by sentiments.sentiment), 0) as share_of_sentiment
        from event_platforms as totals
        cross join (select unnest(['negative', 'neutral', 'positive']) as sentiment) as sentiments
        left join event_posts as posts
        on posts.platform = totals.platform and posts.sentiment = sentiments.sentiment
        group by totals.platform, sentiments.sentiment
    """,
    "event_top_posts": """
        select $topic as topic_id, cast(null as varchar) as platform, platform as post_platform, post_uid, post_url,
               row_number() over (order by interactions desc nulls last, post_uid) as rank, posted_at, text, sentiment,
               likes, comments, shares, interactions
        from event_posts where interactions is not null qualify rank <= 20
    """,
    "event_keywords": """
        select $topic as topic_id, 'all' as platform, 'all' as sentiment, '合成' as word, count(*) as volume,
               count(*) as distinct_volume, 1.0 as volume_share, sum(interactions) as interactions, 1 as frequency_rank
        from event_posts having count(*) >= 3
    """,
    "event_phases": """
        select $topic as topic_id, 'latent' as phase, min(posted_hour) as started_at,
               max(posted_hour) + interval 1 hour as ended_at, count(*) as volume, sum(interactions) as interactions,
               mode(posted_hour) as peak_hour, 'nothing rose above 5' as rule, false as is_censored
        from event_posts having count(*) > 0
    """,
}
_SUMMARY = """
    select $topic as topic_id, 24 as golden_hours, (select count(volume) from event_platforms) as platforms_collected,
           $statement as statement_at,
           case when $statement is not null then (select min(posted_hour) from event_posts) end as onset_at,
           date_diff('minute', (select min(posted_hour) from event_posts), $statement) / 60 as response_latency_hours,
           (select min(post_uid) from event_posts) as statement_post_uid,
           (select posted_hour from event_posts group by all order by count(*) desc, posted_hour limit 1) as peak_at,
           (select count(*) from event_posts group by posted_hour order by count(*) desc limit 1) as peak_hour_volume,
           (select posted_date from event_posts group by all order by count(*) desc, posted_date limit 1) as peak_date
"""
