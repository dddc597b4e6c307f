"""Figures of the course of the event: days, phases, onset, peak and the brand's statement."""

from datetime import date

from orchestration.reporting.figures.specs import specs_of
from orchestration.reporting.ledger import FigureSpec


def days(listed_from: date) -> list[FigureSpec]:
    """Counts by day from ``listed_from`` on, over all platforms and by platform."""
    listed = f"posted_date >= date '{listed_from}'"
    volume_and_interactions = (
        ("volume", "volume", "count", "volume"),
        ("interactions", "interactions", "count", "interactions"),
    )
    return [
        *specs_of(
            "marts.event_daily_totals",
            ("posted_date",),
            "posted_date = {posted_date}",
            ("day", "volume", "day", "posted_date"),
            *volume_and_interactions,
            where=listed,
        ),
        *specs_of(
            "marts.event_daily_totals",
            ("posted_date",),
            None,
            ("observed_interactions", "observed_interactions", "count", "observed_interactions"),
            where=listed,
        ),
        *specs_of(
            "marts.event_daily",
            ("platform", "posted_date"),
            "platform = {platform} and posted_date = {posted_date}",
            *volume_and_interactions,
            where=listed,
        ),
        # The report tells of a fall before the peak (trend_sentences.py).
        *specs_of(
            "marts.event_daily",
            ("platform", "posted_date"),
            "platform = {platform} and posted_date <= {posted_date}",
            ("cumulative_volume", "volume", "count", "cumulative_volume"),
            where=f"{listed} and next_day_is_new_low",
        ),
    ]


def phases() -> list[FigureSpec]:
    """Times and counts of each phase."""
    started = "(select started_at from marts.event_phases where topic_id = {topic} and phase = {phase})"
    ended = "(select ended_at from marts.event_phases where topic_id = {topic} and phase = {phase})"
    return specs_of(
        "marts.event_phases",
        ("phase",),
        f"posted_at >= {started} and posted_at < {ended}",
        ("phase_start", "phase", "time", "started_at"),
        ("phase_end", "phase", "time", "ended_at"),
        ("phase_volume", "volume", "count", "volume"),
        ("phase_interactions", "interactions", "count", "interactions"),
        ("phase_peak", "phase", "time", "peak_hour"),
    )


def milestones() -> list[FigureSpec]:
    """Onset, peak, statement and response time."""
    return [
        *specs_of(
            "marts.event_summary",
            (),
            None,
            ("onset", "onset", "time", "onset_at"),
            ("peak_hour", "peak", "time", "peak_at"),
            ("peak_date", "peak", "day", "peak_date"),
            ("response_latency", "response_latency", "hours", "response_latency_hours"),
        ),
        *specs_of(
            "marts.event_summary",
            (),
            "posted_hour = (select peak_at from marts.event_summary where topic_id = {topic})",
            ("peak_hour_volume", "volume", "count", "peak_hour_volume"),
        ),
        *specs_of(
            "marts.event_summary",
            (),
            "post_uid = (select statement_post_uid from marts.event_summary where topic_id = {topic})",
            ("statement", "response_latency", "time", "statement_at"),
        ),
    ]
