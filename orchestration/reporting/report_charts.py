"""The charts of a report, drawn from its facts."""

from typing import Any

from core.vocabulary import SENTIMENTS
from orchestration.reporting import palette
from orchestration.reporting.bar_charts import Day, Interval, Part, day_bars, share_intervals, stacked_shares
from orchestration.reporting.display import LANGUAGES, midnight
from orchestration.reporting.facts import PHASE_NAMES, Facts, has_sentiment
from orchestration.reporting.hourly_chart import Hour, Moment, Peak, Span, hourly_chart
from orchestration.reporting.svg import NARROW, WIDE, Label

_GAP_NAMES = {"zh": "未采集", "en": "no data"}
_MOMENT_NAMES = {"onset": ("起始", "Onset"), "statement": ("声明", "Statement")}
_ALL = {"zh": "全部", "en": "All"}


def report_charts(facts: Facts, language: str) -> dict[str, Any]:
    """Every chart of the page as SVG, by name, without those that have no data."""
    svgs: dict[str, Any] = {}
    for count in ("volume", "interactions"):
        for size, width in (("wide", WIDE), ("narrow", NARROW)):
            svg = trend_chart(facts, language, width, count)
            if svg:
                svgs[f"{count}_{size}"] = svg
        svgs[f"{count}_daily"] = {
            platform: _bars(facts, language, f"{count}.{platform}") for platform in facts.platforms
        }
    if has_sentiment(facts):
        svgs["composition"] = _composition(facts, language, "sentiment_share")
        if facts.value("interactions"):
            svgs["interaction_composition"] = _composition(facts, language, "sentiment_interaction_share")
        svgs["negative"] = _negative(facts, language)
    return svgs


def trend_chart(facts: Facts, language: str, width: int, count: str) -> str | None:
    """A count by hour as SVG; None without any. ``count``: volume or interactions."""
    context = facts.context
    hours = [
        Hour(start, volume if count == "volume" else interactions) for start, volume, interactions in context.hourly
    ]
    if not hours or not any(hour.number for hour in hours):
        return None
    phases = [
        Span(
            row["started_at"],
            row["ended_at"],
            palette.PHASES[row["phase"]],
            PHASE_NAMES[row["phase"]][LANGUAGES.index(language)],
        )
        for row in context.rows["event_phases"]
        if row["started_at"] and row["ended_at"]
    ]
    moments = [
        Moment(at, names[LANGUAGES.index(language)], _label(facts, figure_id, language))
        for figure_id, names in _MOMENT_NAMES.items()
        if facts.has(figure_id) and (at := facts.ledger.figures[figure_id].moment)
    ]
    days = [
        (midnight(day), _label(facts, f"day.{day}", language))
        for day in context.days
        if f"day.{day}" in facts.ledger.figures and midnight(day) >= hours[0].start
    ]
    return hourly_chart(
        hours,
        phases,
        moments,
        days,
        _peak(facts, hours, language) if count == "volume" else None,
        gap_name=_GAP_NAMES[language],
        width=width,
    )


def _peak(facts: Facts, hours: list[Hour], language: str) -> Peak | None:
    """The hour with the most posts, if it is in the ledger."""
    if not facts.has("peak_hour") or not facts.has("peak_hour_volume"):
        return None
    at = facts.ledger.figures["peak_hour"].moment
    counts = {hour.start: hour.number for hour in hours}
    if at is None or not counts.get(at):
        return None
    return Peak(at, counts[at] or 0, _label(facts, "peak_hour_volume", language))


def _bars(facts: Facts, language: str, prefix: str) -> str:
    """The days of a platform. Of more than seven days, only the first, the last and the highest are labelled."""
    days = facts.listed_days
    counts = {day: facts.ledger.value(f"{prefix}.{day}") for day in days}
    highest = max(days, key=lambda day: (counts[day] or 0, day), default=None)
    ends = {days[0], days[-1], highest} if len(days) > 7 else set(days)
    return day_bars(
        [
            Day(
                _label(facts, f"day.{day}", language) if day in ends else None,
                None if (count := counts[day]) is None else int(count),
                _label(facts, f"{prefix}.{day}", language) if day in ends else None,
            )
            for day in days
        ],
        gap_name=_GAP_NAMES[language],
    )


def _composition(facts: Facts, language: str, prefix: str) -> str:
    """The shares of the sentiments, of all posts and by platform."""
    rows = []
    for name, suffix in _scopes(facts, language):
        parts = [
            Part(sentiment, facts.value(figure_id), _label(facts, figure_id, language))
            for sentiment in SENTIMENTS
            if facts.has(figure_id := f"{prefix}.{suffix}{sentiment}")
        ]
        if parts:
            rows.append((name, parts))
    return stacked_shares(rows)


def _negative(facts: Facts, language: str) -> str:
    """The corrected share of negative posts with its interval, of all posts and by platform."""
    rows = []
    for name, suffix in _scopes(facts, language):
        ids = [f"corrected_share{part}.{suffix}negative" for part in ("", "_low", "_high")]
        if all(facts.has(one) for one in ids):
            share, low, high = (facts.value(one) for one in ids)
            rows.append(Interval(name, share, low, high, _label(facts, ids[0], language)))
    return share_intervals(rows, "negative") if rows else ""


def _label(facts: Facts, figure_id: str, language: str) -> Label:
    return Label(figure_id, facts.ledger.figures[figure_id].shown(language))


def _scopes(facts: Facts, language: str) -> list[tuple[str, str]]:
    """All posts, and each platform: name, and prefix of its figure ids."""
    platforms = [(facts.context.platform_name(platform, language), f"{platform}.") for platform in facts.platforms]
    return [(_ALL[language], ""), *platforms]
