"""All figures of the event report."""

from datetime import date

from orchestration.reporting.figures.content import comments, focuses, hashtags, top_posts, words
from orchestration.reporting.figures.course import days, milestones, phases
from orchestration.reporting.figures.sentiment import sentiments
from orchestration.reporting.figures.spread import gaps, heat, hot_lists, spread
from orchestration.reporting.figures.totals import (
    constants,
    platforms,
    published_at_of_a_failed_topic,
    stale_days,
    synthetic_posts,
    totals,
)
from orchestration.reporting.figures.voices import kinds, voices
from orchestration.reporting.ledger import FigureSpec


def figure_specs(as_of_sql: str, listed_from: date, *, is_synthetic: bool) -> list[FigureSpec]:
    """The specs of all figures of an event report, in the order of the ledger.

    as_of_sql: SQL expression over dim_topics for the moment of the report. listed_from: first day that tables list.
    is_synthetic: the posts that spiders collected come from the sandbox.
    """
    return [
        *constants(as_of_sql),
        *published_at_of_a_failed_topic(),
        *(synthetic_posts() if is_synthetic else []),
        *totals(),
        *stale_days(),
        *platforms(),
        *sentiments(),
        *days(listed_from),
        *phases(),
        *milestones(),
        *words(),
        *hashtags(),
        *focuses(),
        *top_posts(),
        *comments(),
        *voices(),
        *kinds(),
        *hot_lists(),
        *spread(),
        *heat(),
        *gaps(),
    ]
