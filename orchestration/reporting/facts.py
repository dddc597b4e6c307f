"""The facts that a report's text, tables and charts are made from: the ledger and the report context.

Also the names of sentiments and phases, and the Sentence type.
"""

import re
from typing import NamedTuple

from core.calendar import in_china
from core.vocabulary import SENTIMENTS, Phase, Sentiment
from orchestration.reporting.context import ReportContext
from orchestration.reporting.ledger import Ledger

SENTIMENT_NAMES: dict[Sentiment, tuple[str, str]] = {
    "negative": ("负面", "negative"),
    "neutral": ("中性", "neutral"),
    "positive": ("正面", "positive"),
}
PHASE_NAMES: dict[Phase, tuple[str, str]] = {
    "latent": ("潜伏", "latent"),
    "fermenting": ("发酵", "fermenting"),
    "outbreak": ("爆发", "outbreak"),
    "declining": ("回落", "declining"),
    "fading": ("消退", "fading"),
}
# The English text is event_phases.rule, which includes the numbers.
PHASE_RULES_ZH = {
    "latent": "起始之前；没有找到起始时，是全部时段。",
    "fermenting": "从起始到峰值水平的一半。起始是警报所在的上升开始的那一小时：每小时声量的变点（PELT，泊松代价）。",
    "outbreak": "达到峰值水平的一半及以上。峰值水平是持续一天以上的最高日均声量。",
    "declining": "低于峰值水平的一半。",
    "fading": "低于峰值水平的十分之一，直到数据结束。",
}
# Metrics that still change while posts are being found, and those that change while counts still grow.
_COUNTED_IN_POSTS = {
    "volume",
    "distinct_volume",
    "authors",
    "volume_share",
    "sentiment_share",
    "corrected_sentiment_share",
    "nsr_polar",
    "nsr_total",
}
_COUNTED_IN_INTERACTIONS = {
    "interactions",
    "interaction_share",
    "interactions_per_post",
    "interactions_median",
    "sentiment_interaction_share",
    "top10_share",
}
_FIGURE = re.compile(r"\[([^\[\]]+)\]")


class Sentence(NamedTuple):
    """A sentence in Chinese and English.

    Figures stand in square brackets by their id, quoted data between ⟦ and ⟧; the page prints both.
    """

    zh: str
    en: str


class Facts(NamedTuple):
    """The ledger and the context of one report."""

    ledger: Ledger
    context: ReportContext

    def has(self, figure_id: str) -> bool:
        """True if the ledger has the figure and it was collected."""
        figure = self.ledger.figures.get(figure_id)
        return figure is not None and (figure.value is not None or figure.moment is not None)

    def value(self, figure_id: str) -> float:
        """The number of a figure; 0 if it is missing."""
        return self.ledger.value(figure_id) or 0

    @property
    def is_complete(self) -> bool:
        """True if every day of every platform was collected completely."""
        return self.has("platform_days") and self.value("complete_platform_days") == self.value("platform_days")

    @property
    def volume_is_provisional(self) -> bool:
        return not self.is_complete or not self.window_is_over

    @property
    def interactions_are_provisional(self) -> bool:
        return self.volume_is_provisional or (self.has("mature_share") and self.value("mature_share") < 1)

    @property
    def window_is_over(self) -> bool:
        as_of = self.ledger.figures["as_of"].moment
        return self.context.end is not None and as_of is not None and in_china(as_of).date() > self.context.end

    @property
    def platforms(self) -> list[str]:
        """The platforms that were collected, in descending order of volume."""
        return [row["platform"] for row in self.context.rows["event_platforms"] if row["volume"] is not None]

    @property
    def listed_days(self) -> list[str]:
        """The days that the tables list, YYYY-MM-DD."""
        return [str(day) for day in self.context.days if f"day.{day}" in self.ledger.figures]

    def names(self, platform: str) -> Sentence:
        return Sentence(self.context.platform_name(platform, "zh"), self.context.platform_name(platform, "en"))

    @property
    def scope(self) -> Sentence:
        if self.value("platforms.collected") == 1:
            only = self.names(self.platforms[0])
            return Sentence(f"所采集的唯一平台{only.zh}", f"the only platform collected, {only.en},")
        return Sentence("所采集的[platforms.collected]个平台", "the [platforms.collected] platforms collected")


def has_sentiment(facts: Facts) -> bool:
    """True if at least one post has a sentiment."""
    return any(facts.value(f"sentiment_volume.{name}") for name in SENTIMENTS)


def mark_provisional(facts: Facts, sentences: list[Sentence]) -> list[Sentence]:
    """The sentences; those that contain a provisional number are marked as provisional."""
    return [_as_provisional(one) if _is_provisional(facts, one) else one for one in sentences]


def _is_provisional(facts: Facts, sentence: Sentence) -> bool:
    numbers = [
        facts.ledger.figures[figure_id]
        for figure_id in _FIGURE.findall(sentence.zh)
        if facts.ledger.value(figure_id) is not None
    ]
    if facts.volume_is_provisional:
        return any(figure.metric in _COUNTED_IN_POSTS | _COUNTED_IN_INTERACTIONS for figure in numbers)
    return facts.interactions_are_provisional and any(figure.metric in _COUNTED_IN_INTERACTIONS for figure in numbers)


def _as_provisional(sentence: Sentence) -> Sentence:
    return Sentence(sentence.zh.removesuffix("。") + "（暂定）。", sentence.en.removesuffix(".") + " (provisional).")
