"""The figures of the event report: for each kind of figure its mart, its column and the posts behind it.

Statistics are columns of the marts; what is computed here are sums of counts over the rows of a mart.
"""

import re
from collections.abc import Iterable
from datetime import date

from core.vocabulary import MATURE_HOURS
from orchestration.reporting.ledger import FigureSpec

# Maximum length of the report's lists; the marts have the rest.
LISTED_WORDS = 20
LISTED_HASHTAGS = 10
LISTED_POSTS = 10
LISTED_COMMENTS = 10
LISTED_FOCUSES = 10
LISTED_VOICES = 15
LISTED_HOT_WORDS = 15
# Maximum number of days in tables; longer windows are only shown in full in the charts.
LISTED_DAYS = 31

CONFIDENCE = 0.95  # confidence level of every interval in the marts

_WORDS = "(select * from marts.event_keywords where platform = 'all' and sentiment = 'all') as words"
_TAGS = "(select * from marts.event_hashtags where platform = 'all' and sentiment = 'all') as tags"
_TOP_POSTS = f"(select * from marts.event_top_posts where platform is null and rank <= {LISTED_POSTS}) as top_posts"
_TOP_COMMENTS = f"(select * from marts.event_top_comments where rank <= {LISTED_COMMENTS}) as top_comments"
_VOICES = f"(select * from marts.event_voices where rank <= {LISTED_VOICES}) as voices"
# Sums of counts, not of shares: a sum of floats depends on the order of the rows.
_KINDS = (
    "(select voices.*, totals.interactions as whole from marts.event_voices as voices "
    "inner join marts.event_totals as totals on voices.topic_id = totals.topic_id) as kinds"
)
_ALL_HEAT = "(select * from marts.event_heat where platform is null) as all_heat"
_EACH_HEAT = "(select * from marts.event_heat where platform is not null) as each_heat"
# All platforms together have a number for a day if each platform has one.
_DAYS = (
    "(select topic_id, posted_date, case when count(*) = count(volume) then sum(volume) end as volume, "
    "case when count(*) = count(interactions) then sum(interactions) end as interactions, "
    "sum(observed_interactions) as observed_interactions "
    "from marts.event_daily where platform is not null group by topic_id, posted_date) as days"
)
# Cumulative volume of a platform, and the volume of the next day (used by narrative.py: a fall before the peak).
_RUNNING = (
    "(select topic_id, platform, posted_date, sum(volume) over upto as volume, min(volume) over upto as lowest, "
    "lead(volume) over (partition by topic_id, platform order by posted_date) as next_volume from marts.event_daily "
    "where platform is not null window upto as (partition by topic_id, platform order by posted_date)) as running"
)
_HEAT = (
    ("heat", "heat", "score", "heat"),
    ("heat_volume", "heat", "score", "volume_part"),
    ("heat_interactions", "heat", "score", "interactions_part"),
    ("heat_authors", "heat", "score", "authors_part"),
    ("heat_hot_list", "heat", "score", "hot_list_part"),
)
_MISSING = (
    "(select topic_id, platform, missing_reason, count(*) as days from marts.crawl_coverage where not is_complete "
    "group by topic_id, platform, missing_reason) as missing_days"
)


def _of(
    source: str, keys: tuple[str, ...], posts: str | None, *columns: tuple[str, str, str, str], where: str = ""
) -> list[FigureSpec]:
    """The specs of one mart. Each column is (id without its keys, metric, unit, value in SQL)."""
    suffix = "".join(f".{{{key}}}" for key in keys)
    return [
        FigureSpec(name + suffix, metric, unit, source, value, keys, posts, where)
        for name, metric, unit, value in columns
    ]


def figure_specs(as_of_sql: str, listed_from: date, *, is_synthetic: bool) -> list[FigureSpec]:
    """The specs of all figures of an event report, in the order of the ledger.

    as_of_sql: SQL expression for the moment of the report. listed_from: first day that tables list. is_synthetic: the
    posts that spiders collected come from the sandbox.
    """
    topic = "marts.dim_topics"
    listed = f"posted_date >= date '{listed_from}'"
    constants = [
        FigureSpec("golden_hours", "response_latency", "count", "marts.event_summary", "golden_hours"),
        FigureSpec("mature_hours", "mature_share", "count", topic, str(MATURE_HOURS)),
        FigureSpec("confidence", "sentiment_share", "percent0", topic, str(CONFIDENCE)),
        FigureSpec("as_of", "volume", "time_of_year", topic, as_of_sql),
        FigureSpec("window.start", "volume", "day_of_year", topic, "window_start"),
        FigureSpec("window.end", "volume", "day_of_year", topic, "window_end"),
        FigureSpec("platforms.asked", "coverage", "numeral", topic, "platforms"),
        FigureSpec("platforms.collected", "coverage", "numeral", "marts.event_platforms", "count(volume)"),
    ]
    synthetic = FigureSpec(
        "synthetic_posts",
        "volume",
        "count",
        "(select * from marts.event_posts where source = 'spider') as spider_posts",
        "count(*)",
        posts="source = 'spider'",
    )
    return [
        *constants,
        *([synthetic] if is_synthetic else []),
        *_totals(),
        *_sentiments(),
        *_days(listed),
        *_course(),
        *_words(),
        *_posts(),
        *_voices(),
        *_hot_lists_and_spread(),
    ]


def _totals() -> list[FigureSpec]:
    """Totals of the topic, and of each platform."""
    return [
        *_of(
            "marts.event_totals",
            (),
            "",
            ("volume", "volume", "count", "volume"),
            ("original_volume", "original_volume", "count", "original_volume"),
            ("distinct_volume", "distinct_volume", "count", "distinct_volume"),
            ("authors", "authors", "count", "authors"),
            ("interactions", "interactions", "count", "interactions"),
            ("interactions_rounded", "interactions", "wan", "interactions"),
            ("interactions_all", "interactions_all", "count", "interactions_all"),
            ("interactions_per_post", "interactions_per_post", "per_post", "interactions_per_post"),
            ("interactions_median", "interactions_median", "per_post", "interactions_median"),
            ("top10_share", "top10_share", "percent1", "top10_share"),
            ("mature_share", "mature_share", "percent1", "mature_share"),
            ("nsr_polar", "nsr_polar", "percent1", "nsr_polar"),
            ("nsr_total", "nsr_total", "percent1", "nsr_total"),
        ),
        *_of(
            "marts.event_totals",
            (),
            None,
            ("platform_days", "coverage", "count", "platform_days"),
            ("complete_platform_days", "coverage", "count", "complete_platform_days"),
        ),
        *_of(
            "marts.event_platforms",
            ("platform",),
            "platform = {platform}",
            ("volume", "volume", "count", "volume"),
            ("distinct_volume", "distinct_volume", "count", "distinct_volume"),
            ("authors", "authors", "count", "authors"),
            ("volume_share", "volume_share", "percent2", "volume_share"),
            ("volume_share_rounded", "volume_share", "percent1", "volume_share"),
            ("volume_share_low", "volume_share", "percent1", "share_low"),
            ("volume_share_high", "volume_share", "percent1", "share_high"),
            ("interactions", "interactions", "count", "interactions"),
            ("interactions_rounded", "interactions", "wan", "interactions"),
            ("interaction_share", "interaction_share", "percent2", "interaction_share"),
            ("interactions_per_post", "interactions_per_post", "per_post", "interactions_per_post"),
            ("interactions_median", "interactions_median", "per_post", "interactions_median"),
            ("top10_share", "top10_share", "percent1", "top10_share"),
            ("mature_share", "mature_share", "percent1", "mature_share"),
        ),
        *_of(
            "marts.event_platforms",
            ("platform",),
            None,
            ("days", "coverage", "count", "days"),
            ("complete_days", "coverage", "count", "complete_days"),
        ),
    ]


def _sentiments() -> list[FigureSpec]:
    """Sentiment of the topic, and of each platform."""
    return [
        *_of(
            "marts.event_sentiment",
            ("sentiment",),
            "sentiment = {sentiment}",
            ("sentiment_volume", "volume", "count", "volume"),
            ("sentiment_share", "sentiment_share", "percent2", "volume_share"),
            ("sentiment_share_rounded", "sentiment_share", "percent1", "volume_share"),
            ("sentiment_share_low", "sentiment_share", "percent1", "share_of_posts_low"),
            ("sentiment_share_high", "sentiment_share", "percent1", "share_of_posts_high"),
            ("sentiment_share_groups_low", "sentiment_share", "percent1", "share_low"),
            ("sentiment_share_groups_high", "sentiment_share", "percent1", "share_high"),
            ("corrected_share", "corrected_sentiment_share", "percent1", "corrected_share"),
            ("corrected_share_low", "corrected_sentiment_share", "percent1", "corrected_low"),
            ("corrected_share_high", "corrected_sentiment_share", "percent1", "corrected_high"),
            ("sentiment_interactions", "interactions", "count", "interactions"),
            ("sentiment_interaction_share", "sentiment_interaction_share", "percent2", "interaction_share"),
        ),
        FigureSpec(
            "analyst_volume",
            "volume",
            "count",
            "(select topic_id, sum(analyst_volume) as analyst_volume from marts.event_sentiment group by topic_id) "
            "as labelled",
            "analyst_volume",
            posts="sentiment_source = 'analyst'",
        ),
        *_of(
            "marts.event_sentiment",
            ("sentiment",),
            "post_uid in (select post_uid from marts.fct_posts where model_sentiment = {sentiment})",
            ("model_share", "sentiment_share", "percent1", "model_volume_share"),
        ),
        *_of(
            "marts.event_platform_sentiment",
            ("platform", "sentiment"),
            "platform = {platform} and sentiment = {sentiment}",
            ("sentiment_volume", "volume", "count", "volume"),
            ("sentiment_share", "sentiment_share", "percent2", "volume_share"),
            ("sentiment_share_groups_low", "sentiment_share", "percent1", "share_low"),
            ("sentiment_share_groups_high", "sentiment_share", "percent1", "share_high"),
            ("corrected_share", "corrected_sentiment_share", "percent1", "corrected_share"),
            ("corrected_share_low", "corrected_sentiment_share", "percent1", "corrected_low"),
            ("corrected_share_high", "corrected_sentiment_share", "percent1", "corrected_high"),
            ("sentiment_interactions", "interactions", "count", "interactions"),
            ("sentiment_interaction_share", "sentiment_interaction_share", "percent2", "interaction_share"),
            ("platform_share_of_sentiment", "interaction_share", "percent1", "share_of_sentiment"),
        ),
    ]


def _days(listed: str) -> list[FigureSpec]:
    """Counts by day. ``listed``: SQL condition on the days that are printed."""
    return [
        *_of(
            _DAYS,
            ("posted_date",),
            "posted_date = {posted_date}",
            ("day", "volume", "day", "posted_date"),
            ("volume", "volume", "count", "volume"),
            ("interactions", "interactions", "count", "interactions"),
            where=listed,
        ),
        *_of(
            _DAYS,
            ("posted_date",),
            None,
            ("observed_interactions", "observed_interactions", "count", "observed_interactions"),
            where=listed,
        ),
        *_of(
            "marts.event_daily",
            ("platform", "posted_date"),
            "platform = {platform} and posted_date = {posted_date}",
            ("volume", "volume", "count", "volume"),
            ("interactions", "interactions", "count", "interactions"),
            where=listed,
        ),
        *_of(
            _RUNNING,
            ("platform", "posted_date"),
            "platform = {platform} and posted_date <= {posted_date}",
            ("cumulative_volume", "volume", "count", "volume"),
            where=f"{listed} and next_volume < lowest",
        ),
    ]


def _course() -> list[FigureSpec]:
    """Phases, onset, peak and the brand's statement."""
    return [
        *_of(
            "marts.event_phases",
            ("phase",),
            "posted_at >= (select started_at from marts.event_phases where topic_id = {topic} and phase = {phase}) "
            "and posted_at < (select ended_at from marts.event_phases where topic_id = {topic} and phase = {phase})",
            ("phase_start", "phase", "time", "started_at"),
            ("phase_end", "phase", "time", "ended_at"),
            ("phase_volume", "volume", "count", "volume"),
            ("phase_interactions", "interactions", "count", "interactions"),
            ("phase_peak", "phase", "time", "peak_hour"),
        ),
        *_of(
            "marts.event_summary",
            (),
            None,
            ("onset", "onset", "time", "onset_at"),
            ("peak_hour", "peak", "time", "peak_at"),
            ("peak_date", "peak", "day", "peak_date"),
            ("response_latency", "response_latency", "hours", "response_latency_hours"),
        ),
        FigureSpec(
            "peak_hour_volume",
            "volume",
            "count",
            "marts.event_summary",
            "peak_hour_volume",
            posts="posted_hour = (select peak_at from marts.event_summary where topic_id = {topic})",
        ),
        FigureSpec(
            "statement",
            "response_latency",
            "time",
            "marts.event_summary",
            "statement_at",
            posts="post_uid = (select statement_post_uid from marts.event_summary where topic_id = {topic})",
        ),
    ]


def _words() -> list[FigureSpec]:
    """Keywords, hashtags and focuses."""
    return [
        *_of(
            _WORDS,
            ("word",),
            "post_uid in (select post_uid from marts.fct_posts where contains(' ' || segmented || ' ', "
            "' ' || {word} || ' '))",
            ("keyword_volume", "volume", "count", "volume"),
            ("keyword_distinct", "distinct_volume", "count", "distinct_volume"),
            ("keyword_share", "volume_share", "percent1", "volume_share"),
            ("keyword_interactions", "interactions", "count", "interactions"),
        ),
        *_of(
            _TAGS,
            ("hashtag",),
            "post_uid in (select post_uid from marts.fct_posts where list_contains(hashtags, {hashtag}))",
            ("hashtag_volume", "volume", "count", "volume"),
            ("hashtag_distinct", "distinct_volume", "count", "distinct_volume"),
            ("hashtag_share", "volume_share", "percent1", "volume_share"),
            ("hashtag_interactions", "interactions", "count", "interactions"),
        ),
        *_of(
            "marts.event_focuses",
            ("focus_id",),
            "post_uid in (select post_uid from marts.fct_post_focuses where topic_id = {topic} "
            "and focus_id = {focus_id})",
            ("focus_volume", "volume", "count", "volume"),
            ("focus_share", "volume_share", "percent1", "volume_share"),
            ("focus_negative_share", "sentiment_share", "percent1", "negative_share"),
            ("focus_positive_share", "sentiment_share", "percent1", "positive_share"),
            ("focus_interactions", "interactions", "count", "interactions"),
            ("focus_interaction_share", "interaction_share", "percent1", "interaction_share"),
        ),
    ]


def _posts() -> list[FigureSpec]:
    """Posts and comments with the most interactions."""
    return [
        *_of(
            _TOP_POSTS,
            ("post_uid",),
            "post_uid = {post_uid}",
            ("post_interactions", "interactions", "count", "interactions"),
            ("post_share", "interaction_share", "percent1", "share_of_interactions"),
            ("post_likes", "interactions", "count", "likes"),
            ("post_comments", "interactions", "count", "comments"),
            ("post_shares", "interactions", "count", "shares"),
            ("post_collects", "interactions_all", "count", "collects"),
            ("post_time", "volume", "time", "posted_at"),
        ),
        *_of(
            _TOP_COMMENTS,
            ("comment_uid",),
            "post_uid = (select post_uid from marts.event_top_comments where topic_id = {topic} "
            "and comment_uid = {comment_uid})",
            ("comment_likes", "comment_likes", "count", "likes"),
            ("comment_replies", "comment_replies", "count", "replies"),
            ("comment_time", "comment_likes", "time", "posted_at"),
        ),
    ]


def _voices() -> list[FigureSpec]:
    """Accounts, and the kinds of accounts."""
    return [
        *_of(
            _VOICES,
            ("author_uid",),
            "author_uid = {author_uid}",
            ("voice_followers", "followers", "count", "followers"),
            ("voice_volume", "volume", "count", "volume"),
            ("voice_interactions", "interactions", "count", "interactions"),
            ("voice_share", "interaction_share", "percent1", "interaction_share"),
            ("voice_negative_share", "sentiment_share", "percent1", "negative_share"),
            ("voice_first", "volume", "time", "first_post_at"),
        ),
        *_of(
            _KINDS,
            ("kind",),
            "author_uid in (select author_uid from marts.event_voices where topic_id = {topic} and kind = {kind})",
            ("kind_authors", "authors", "count", "count(*)"),
            ("kind_volume", "volume", "count", "sum(volume)"),
            ("kind_interactions", "interactions", "count", "sum(interactions)"),
            ("kind_share", "interaction_share", "percent1", "sum(interactions) / nullif(max(whole), 0)"),
        ),
        FigureSpec("kol_followers", "followers", "count", "marts.event_voices", "max(kol_followers)"),
    ]


def _hot_lists_and_spread() -> list[FigureSpec]:
    """Hot lists, spread, heat, and the days that were not collected."""
    return [
        *_of(
            "marts.event_hot_lists",
            ("platform", "list_name", "word"),
            None,
            ("hot_best_rank", "hot_list", "count", "best_rank"),
            ("hot_first", "hot_list", "time", "first_seen_at"),
            ("hot_last", "hot_list", "time", "last_seen_at"),
            ("hot_minutes", "hot_list", "count", "minutes_on_list"),
            ("hot_reads", "hot_list", "count", "reads"),
        ),
        *_of(
            "marts.event_spread",
            (),
            "",
            ("entropy", "entropy", "bits", "entropy"),
            ("entropy_max", "entropy", "bits", "entropy_max"),
            ("top10_author_volume_share", "author_share", "percent1", "top10_author_volume_share"),
            ("top10_author_interaction_share", "author_share", "percent1", "top10_author_interaction_share"),
        ),
        *_of(
            "marts.event_spread",
            (),
            "is_repost",
            ("repost_volume", "volume", "count", "repost_volume"),
            ("repost_share", "repost_share", "percent1", "repost_share"),
            ("repost_depth_mean", "repost_depth", "score", "repost_depth_mean"),
            ("repost_depth_max", "repost_depth", "count", "repost_depth_max"),
        ),
        *_of(_ALL_HEAT, (), "", *_HEAT),
        *_of(_EACH_HEAT, ("platform",), "platform = {platform}", *_HEAT),
        *[
            FigureSpec(f"heat_weight_{part}", "heat", "weight", _ALL_HEAT, f"{part}_weight")
            for part in ("volume", "interactions", "authors", "hot_list")
        ],
        *_of(
            _MISSING,
            ("platform", "missing_reason"),
            None,
            ("lacking_days", "coverage", "count", "days"),
        ),
    ]


def available(specs: Iterable[FigureSpec], tables: set[str]) -> list[FigureSpec]:
    """The specs whose marts exist in a snapshot; one written by an earlier version may lack some."""
    named = re.compile(r"\bmarts\.(\w+)")
    return [spec for spec in specs if set(named.findall(f"{spec.source} {spec.value} {spec.posts or ''}")) <= tables]
