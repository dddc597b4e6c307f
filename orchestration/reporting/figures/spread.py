"""Figures of reach: hot lists, spread and heat; and the days that were not collected."""

from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec

_ALL_HEAT = "(select * from marts.event_heat where platform is null) as all_heat"
_EACH_HEAT = "(select * from marts.event_heat where platform is not null) as each_heat"
_HEAT_PARTS = ("volume", "interactions", "authors", "hot_list")


def hot_lists() -> list[FigureSpec]:
    """Rank and times of each word on a hot list."""
    return specs_of(
        "marts.event_hot_lists",
        ("platform", "list_name", "word"),
        None,
        ("hot_best_rank", "hot_list", "count", "best_rank"),
        ("hot_first", "hot_list", "time", "first_seen_at"),
        ("hot_last", "hot_list", "time", "last_seen_at"),
        ("hot_minutes", "hot_list", "count", "minutes_on_list"),
        ("hot_reads", "hot_list", "count", "reads"),
    )


def spread() -> list[FigureSpec]:
    """Spread over platforms, concentration on few authors, and reposts."""
    return [
        *specs_of(
            "marts.event_spread",
            (),
            "",
            ("entropy", "entropy", "bits", "entropy"),
            ("entropy_max", "entropy", "bits", "entropy_max"),
            ("top10_author_volume_share", "author_share", "percent1", "top10_author_volume_share"),
            ("top10_author_interaction_share", "author_share", "percent1", "top10_author_interaction_share"),
        ),
        *specs_of(
            "marts.event_spread",
            (),
            "is_repost",
            ("repost_volume", "volume", "count", "repost_volume"),
            ("repost_share", "repost_share", "percent1", "repost_share"),
            ("repost_depth_mean", "repost_depth", "score", "repost_depth_mean"),
            ("repost_depth_max", "repost_depth", "count", "repost_depth_max"),
        ),
    ]


def heat() -> list[FigureSpec]:
    """Heat and its parts, of the topic and of each platform, and the weights of the parts."""
    columns = [("heat", "heat", "score", "heat"), *((f"heat_{p}", "heat", "score", f"{p}_part") for p in _HEAT_PARTS)]
    weights = [(f"heat_weight_{part}", "heat", "weight", f"{part}_weight") for part in _HEAT_PARTS]
    return [
        *specs_of(_ALL_HEAT, (), "", *columns),
        *specs_of(_EACH_HEAT, ("platform",), "platform = {platform}", *columns),
        *specs_of(_ALL_HEAT, (), None, *weights),
    ]


def gaps() -> list[FigureSpec]:
    """Number of days of each platform that were not collected completely, by reason."""
    return specs_of(
        "marts.crawl_gaps",
        ("platform", "missing_reason"),
        None,
        ("lacking_days", "coverage", "count", "days"),
    )
