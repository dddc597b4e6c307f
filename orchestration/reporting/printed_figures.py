"""figures.json: the figures that a report prints, in the format that `reconcile` reads."""

from collections.abc import Sequence
from typing import Any

from core.calendar import TIMEZONE, in_china
from core.vocabulary import SENTIMENTS
from orchestration.reporting.facts import Facts


def printed_figures(facts: Facts) -> dict[str, Any]:
    """The printed figures under the keys that `reconcile` reads (docs/reconcile.md)."""
    figures = facts.ledger.figures

    def shown(figure_id: str) -> str | None:
        figure = figures.get(figure_id)
        return figure.display if figure and facts.has(figure_id) else None

    def by(names: Sequence[str], prefix: str) -> dict[str, str]:
        texts = {name: shown(f"{prefix}.{name}") for name in names}
        return {name: text for name, text in texts.items() if text is not None}

    def moment(figure_id: str) -> str | None:
        figure = figures.get(figure_id)
        return f"{in_china(figure.moment):%Y-%m-%dT%H:%M}" if figure and figure.moment else None

    platforms = facts.platforms
    days = [str(day) for day in facts.context.days]
    peak = figures["peak_date"].moment if facts.has("peak_date") else None
    content: dict[str, Any] = {
        "timezone": TIMEZONE,
        "window": [days[0], days[-1]] if days and len(facts.listed_days) == len(days) else None,
        "platforms": platforms if len(platforms) == len(facts.context.rows["event_platforms"]) else None,
        "volume": shown("volume"),
        "volume_by_platform": by(platforms, "volume"),
        "volume_share_by_platform": by(platforms, "volume_share"),
        "interactions": shown("interactions"),
        "interactions_by_platform": by(platforms, "interactions"),
        "interactions_by_platform_rounded": {
            name: text for name, text in by(platforms, "interactions_rounded").items() if "万" in text
        },
        "interaction_share_by_platform": by(platforms, "interaction_share"),
        "sentiment_volume": by(SENTIMENTS, "sentiment_volume"),
        "sentiment_share": by(SENTIMENTS, "sentiment_share"),
        "sentiment_interactions": by(SENTIMENTS, "sentiment_interactions"),
        "sentiment_interaction_share": by(SENTIMENTS, "sentiment_interaction_share"),
        "sentiment_share_by_platform": {name: by(SENTIMENTS, f"sentiment_share.{name}") for name in platforms},
        "sentiment_interaction_share_by_platform": {
            name: by(SENTIMENTS, f"sentiment_interaction_share.{name}") for name in platforms
        },
        "daily_volume": by(days, "volume"),
        **{f"{name}_daily_volume": by(days, f"volume.{name}") for name in platforms},
        "peak_date": str(peak.date()) if peak else None,
        "nsr_polar": shown("nsr_polar"),
        "nsr_total": shown("nsr_total"),
        "onset": moment("onset"),
        "statement": moment("statement"),
        "response_latency_hours": shown("response_latency"),
    }
    return {key: value for key, value in content.items() if value not in (None, {}, [])}
