"""The HTML page of a report, rendered from the ledger and quoted texts only."""

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from core.bidi import isolated
from core.vocabulary import SENTIMENTS
from orchestration.reporting import palette, sentences, sentiment_sentences, trend_sentences
from orchestration.reporting.display import LANGUAGES
from orchestration.reporting.facts import PHASE_NAMES, PHASE_RULES_ZH, SENTIMENT_NAMES, Facts, Sentence, has_sentiment
from orchestration.reporting.ledger import Figure
from orchestration.reporting.report_charts import report_charts
from orchestration.reporting.svg import with_links
from orchestration.reporting.templating import template

# Quoted data (first group) or the id of a figure (second group) in a sentence.
_MARKED = re.compile(r"⟦(.*?)⟧|\[([^\[\]]+)\]", re.DOTALL)


def plain_text(text: str, figures: Mapping[str, Figure], language: str) -> str:
    """A sentence as plain text with its figures as printed. Raises KeyError if a figure is not in the ledger."""
    return _MARKED.sub(lambda mark: isolated(mark[1]) if mark[2] is None else figures[mark[2]].shown(language), text)


class _References:
    """The figures that a page prints, numbered in the order of their first appearance."""

    def __init__(self, figures: Mapping[str, Figure], language: str) -> None:
        self._figures = figures
        self._language = language
        self.used: dict[str, int] = {}

    def attributes(self, figure_id: str) -> Markup:
        """The HTML attributes of a link to a figure's reference. Raises KeyError if the figure is not in the ledger."""
        if figure_id not in self._figures:
            raise KeyError(f"{figure_id} is not in the ledger")
        number = self.used.setdefault(figure_id, len(self.used) + 1)
        return Markup('class="f" data-figure="{}" data-n="{}" href="#r{}"').format(figure_id, number, number)

    def figure(self, figure_id: str) -> Markup:
        attributes = self.attributes(figure_id)
        return Markup("<a {}>{}</a>").format(attributes, self._figures[figure_id].shown(self._language))

    def sentence(self, sentence: Sentence) -> Markup:
        text = sentence.en if self._language == "en" else sentence.zh
        html, position = Markup(""), 0
        for mark in _MARKED.finditer(text):
            html += escape(text[position : mark.start()])
            html += self.figure(mark[2]) if mark[2] else Markup("<bdi data-quoted>{}</bdi>").format(mark[1])
            position = mark.end()
        return html + escape(text[position:])

    def chart(self, svg: str) -> Markup:
        return Markup(with_links(svg, self.attributes))  # noqa: S704  # our own SVG, its texts escaped by Vega


def render(facts: Facts, language: str) -> str:
    """Render the page in a language. Raises KeyError if it would print a figure that is not in the ledger."""
    references = _References(facts.ledger.figures, language)
    index = LANGUAGES.index(language)

    def names_in_language(names: Mapping[Any, tuple[str, str]]) -> dict[str, str]:
        return {key: pair[index] for key, pair in names.items()}

    return template("event_report.html").render(
        language=language,
        t=lambda zh, en: zh if language == "zh" else en,
        fig=references.figure,
        say=references.sentence,
        chart=references.chart,
        has=facts.has,
        known=lambda figure_id: figure_id in facts.ledger.figures,
        value=facts.value,
        facts=facts,
        context=facts.context,
        rows=facts.context.rows,
        sentences=sentences,
        trend_sentences=trend_sentences,
        sentiment_sentences=sentiment_sentences,
        has_sentiment=has_sentiment(facts),
        css_variables=palette.CSS_VARIABLES,
        sentiments=SENTIMENTS,
        sentiment_names=names_in_language(SENTIMENT_NAMES),
        phase_names=names_in_language(PHASE_NAMES),
        phase_rules=PHASE_RULES_ZH,
        platform=lambda platform: facts.context.platform_name(platform, language),
        charts=report_charts(facts, language),
        used=references.used,
        figures=facts.ledger.figures,
        examples=facts.ledger.examples,
        listed_days=facts.listed_days,
        observed_days=[str(day) for day in facts.context.days if facts.has(f"observed_interactions.{day}")],
    )
