"""Figures of the topic as a whole and of each platform, and the constants that the report prints."""

from core.vocabulary import CONFIDENCE, MATURE_HOURS
from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec


def constants(as_of_sql: str) -> list[FigureSpec]:
    """The definitions, the window, and the number of platforms. as_of_sql: moment of the report, over dim_topics."""
    return [
        *specs_of(
            "marts.event_summary",
            (),
            None,
            ("golden_hours", "response_latency", "count", "golden_hours"),
        ),
        *specs_of(
            "marts.dim_topics",
            (),
            None,
            ("mature_hours", "mature_share", "count", str(MATURE_HOURS)),
            ("confidence", "sentiment_share", "percent0", str(CONFIDENCE)),
            ("as_of", "volume", "time_of_year", as_of_sql),
            ("window.start", "volume", "day_of_year", "window_start"),
            ("window.end", "volume", "day_of_year", "window_end"),
            ("platforms.asked", "coverage", "numeral", "platforms"),
        ),
        *specs_of(
            "marts.event_summary",
            (),
            None,
            ("platforms.collected", "coverage", "numeral", "platforms_collected"),
        ),
    ]


def published_at_of_a_failed_topic() -> list[FigureSpec]:
    """When the figures of a topic were published whose later builds have failed; no figure if it is up to date."""
    return specs_of(
        "marts.topic_failures",
        (),
        None,
        ("rows_from", "volume", "time_of_year", "max(rows_from)"),
        where="rows_from is not null",
    )


def synthetic_posts() -> list[FigureSpec]:
    """The posts that spiders collected from the sandbox; no figure if there are none."""
    return specs_of(
        "marts.event_totals",
        (),
        "source = 'spider'",
        ("synthetic_posts", "volume", "count", "crawled_volume"),
        where="crawled_volume > 0",
    )


def totals() -> list[FigureSpec]:
    """Volume and interactions of the topic, and how completely it was collected."""
    return [
        *specs_of(
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
        *specs_of(
            "marts.event_totals",
            (),
            None,
            ("platform_days", "coverage", "count", "platform_days"),
            ("complete_platform_days", "coverage", "count", "complete_platform_days"),
            ("unread_days", "coverage", "count", "unread_days"),
        ),
        *specs_of(
            "marts.event_totals",
            (),
            "gone_since is not null",
            ("gone_posts", "gone_posts", "count", "gone_posts"),
        ),
    ]


def platforms() -> list[FigureSpec]:
    """The same for each platform, with its shares."""
    return [
        *specs_of(
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
        *specs_of(
            "marts.event_platforms",
            ("platform",),
            None,
            ("days", "coverage", "count", "days"),
            ("complete_days", "coverage", "count", "complete_days"),
        ),
    ]


def stale_days() -> list[FigureSpec]:
    """The days of the window that are not rebuilt yet; no figure if there are none."""
    return specs_of(
        """(
            select topics.topic_id, stale.posted_date
            from marts.stale_days as stale
            inner join marts.dim_topics as topics
                on stale.posted_date between topics.window_start and coalesce(topics.window_end, stale.posted_date)
        ) as stale""",
        (),
        None,
        ("stale_days", "coverage", "count", "count(*)"),
        ("stale_days.first", "coverage", "day_of_year", "min(posted_date)"),
        ("stale_days.last", "coverage", "day_of_year", "max(posted_date)"),
    )
