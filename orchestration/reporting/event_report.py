"""A topic's report: its ledger, and the HTML that is rendered from the ledger and quoted texts alone."""

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import jinja2
from markupsafe import Markup, escape

from orchestration.reporting import charts, sentences
from orchestration.reporting.display import midnight
from orchestration.reporting.ledger import Figure, Ledger, build_ledger, literal, open_snapshot, tables_of
from orchestration.reporting.material import gather
from orchestration.reporting.sentences import Facts, Sentence
from orchestration.reporting.specs import LISTED_DAYS, SENTIMENTS, available, specs
from orchestration.reporting.verification import verify

PAGES = {"zh": "report.html", "en": "report.en.html"}  # by language
LANGUAGES = tuple(PAGES)
_MARKED = re.compile(r"⟦(.*?)⟧|\[([^\[\]]+)\]", re.DOTALL)
_GAP = {"zh": "未采集", "en": "no data"}
_MARKS = {"onset": ("起始", "Onset"), "statement": ("声明", "Statement")}
_ALL = {"zh": "全部", "en": "All"}
# Of the tables of dim_topics and event_posts: the moment of the snapshot, where none is asked for.
_LATEST = (
    "(select max(observed_at) from marts.event_posts as posts where posts.topic_id = dim_topics.topic_id)",
    "(select max(observed_at) from marts.crawl_slices)",
    "cast(coalesce(window_end, window_start) as timestamp)",
)


class Report(NamedTuple):
    """What is written of a topic."""

    topic_id: str
    as_of: datetime  # UTC, naive
    ledger: Ledger
    pages: Mapping[str, str]  # by language
    figures: dict[str, Any]  # what `make reconcile` reads
    headline: Mapping[str, str]  # the summary's first sentences as text, by language
    picture: str | None  # the trend as SVG; None without hours


def build_report(snapshot: Path, topic_id: str, as_of: datetime | None = None, *, is_sandbox: bool = False) -> Report:
    """The report of a topic from a marts file. as_of: UTC, naive; by default the last observation that the file holds.

    is_sandbox: what spiders brought came from the sandbox, which the report says. Raises ValueError for an unknown
    topic, VerificationProblem where a page would print what no figure is behind.
    """
    with open_snapshot(snapshot) as connection:
        material = gather(connection, topic_id)
        as_of_sql = literal(as_of) if as_of else f"coalesce({', '.join(_LATEST)})"
        moment = as_of or _moment(connection, topic_id, as_of_sql)
        last = material.days[-1] if material.days else material.start
        listed_from = max(material.start, last - timedelta(days=LISTED_DAYS - 1))
        wanted = available(specs(as_of_sql, listed_from, is_synthetic=is_sandbox), tables_of(connection))
        ledger = build_ledger(connection, topic_id, moment, wanted)
    facts = Facts(ledger, material)
    pages = {language: render(facts, language) for language in LANGUAGES}
    for language, page in pages.items():
        verify(page, ledger.figures, language)
    return Report(
        topic_id=topic_id,
        as_of=moment,
        ledger=ledger,
        pages=pages,
        figures=reconcilable(facts),
        headline={
            language: " ".join(
                plain(sentence[index], ledger.figures, language) for sentence in sentences.summary(facts)[:3]
            )
            for index, language in enumerate(LANGUAGES)
        },
        picture=_trend(facts, "zh", charts.WIDE, "volume"),
    )


def write_report(report: Report, folder: Path) -> list[Path]:
    """Write the pages, the ledger and figures.json into a folder; their paths, the Chinese page first."""
    folder.mkdir(parents=True, exist_ok=True)
    for language, page in report.pages.items():
        (folder / PAGES[language]).write_text(page, encoding="utf-8")
    report.ledger.frame().write_parquet(folder / "figures.parquet")
    figures = json.dumps(report.figures, ensure_ascii=False, indent=1)
    (folder / "figures.json").write_text(figures + "\n", encoding="utf-8")
    return [folder / name for name in (*PAGES.values(), "figures.parquet", "figures.json")]


def plain(text: str, figures: Mapping[str, Figure], language: str) -> str:
    """A sentence as text, its figures as they are printed. Raises KeyError for one that the ledger does not have."""
    return _MARKED.sub(lambda found: found[1] if found[2] is None else figures[found[2]].shown(language), text)


class _References:
    """The figures that a page prints, numbered in the order in which they first stand there."""

    def __init__(self, figures: Mapping[str, Figure], language: str) -> None:
        self._figures = figures
        self._language = language
        self.used: dict[str, int] = {}

    def attributes(self, figure_id: str) -> Markup:
        """What a link to a figure's reference says. Raises KeyError for an id that is not in the ledger."""
        if figure_id not in self._figures:
            raise KeyError(f"{figure_id} is not in the ledger")
        number = self.used.setdefault(figure_id, len(self.used) + 1)
        return Markup('class="f" data-figure="{}" data-n="{}" href="#r{}"').format(figure_id, number, number)

    def figure(self, figure_id: str) -> Markup:
        attributes = self.attributes(figure_id)
        return Markup("<a {}>{}</a>").format(attributes, self._figures[figure_id].shown(self._language))

    def sentence(self, said: Sentence) -> Markup:
        text = said.en if self._language == "en" else said.zh
        out, at = Markup(""), 0
        for found in _MARKED.finditer(text):
            out += escape(text[at : found.start()])
            out += self.figure(found[2]) if found[2] else Markup("<span data-quoted>{}</span>").format(found[1])
            at = found.end()
        return out + escape(text[at:])

    def chart(self, svg: str) -> Markup:
        return Markup(charts.linked(svg, self.attributes))  # noqa: S704  # our own SVG, its texts escaped by Vega


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("event_report.html")


def render(facts: Facts, language: str) -> str:
    """The page in a language. Raises KeyError where it would print a figure that the ledger does not have."""
    references = _References(facts.ledger.figures, language)
    index = LANGUAGES.index(language)

    def named(names: Mapping[str, Sentence | tuple[str, str]]) -> dict[str, str]:
        return {key: pair[index] for key, pair in names.items()}

    return _template().render(
        language=language,
        t=lambda zh, en: zh if language == "zh" else en,
        fig=references.figure,
        say=references.sentence,
        chart=references.chart,
        has=facts.has,
        known=lambda figure_id: figure_id in facts.ledger.figures,
        value=facts.value,
        facts=facts,
        material=facts.material,
        rows=facts.material.rows,
        sentences=sentences,
        sentiments=SENTIMENTS,
        sentiment_names=named(sentences.SENTIMENT_NAMES),
        phase_names=named(sentences.PHASE_NAMES),
        phase_rules=sentences.PHASE_RULES_ZH,
        platform=lambda platform: facts.material.platform_name(platform, language),
        charts=_charts(facts, language),
        used=references.used,
        figures=facts.ledger.figures,
        examples=facts.ledger.examples,
        listed_days=_listed_days(facts),
        observed_days=[str(day) for day in facts.material.days if facts.has(f"observed_interactions.{day}")],
    )


def reconcilable(facts: Facts) -> dict[str, Any]:
    """The printed figures under the keys of docs/reconcile.md."""
    figures = facts.ledger.figures

    def shown(figure_id: str) -> str | None:
        figure = figures.get(figure_id)
        return figure.display if figure and facts.has(figure_id) else None

    def by(names: list[str], prefix: str) -> dict[str, str]:
        found = {name: shown(f"{prefix}.{name}") for name in names}
        return {name: text for name, text in found.items() if text is not None}

    def moment(figure_id: str) -> str | None:
        figure = figures.get(figure_id)
        local = figure.moment + timedelta(hours=8) if figure and figure.moment else None
        return f"{local:%Y-%m-%dT%H:%M}" if local else None

    names, feelings = facts.platforms, list(SENTIMENTS)
    days = [str(day) for day in facts.material.days]
    peak = figures["peak_date"].moment if facts.has("peak_date") else None
    found: dict[str, Any] = {
        "timezone": "Asia/Shanghai",
        "window": [days[0], days[-1]] if days and len(_listed_days(facts)) == len(days) else None,
        "platforms": names if len(names) == len(facts.material.rows["event_platforms"]) else None,
        "volume": shown("volume"),
        "volume_by_platform": by(names, "volume"),
        "volume_share_by_platform": by(names, "volume_share"),
        "interactions": shown("interactions"),
        "interactions_by_platform": by(names, "interactions"),
        "interactions_by_platform_rounded": {
            name: text for name, text in by(names, "interactions_rounded").items() if "万" in text
        },
        "interaction_share_by_platform": by(names, "interaction_share"),
        "sentiment_volume": by(feelings, "sentiment_volume"),
        "sentiment_share": by(feelings, "sentiment_share"),
        "sentiment_interactions": by(feelings, "sentiment_interactions"),
        "sentiment_interaction_share": by(feelings, "sentiment_interaction_share"),
        "sentiment_share_by_platform": {name: by(feelings, f"sentiment_share.{name}") for name in names},
        "sentiment_interaction_share_by_platform": {
            name: by(feelings, f"sentiment_interaction_share.{name}") for name in names
        },
        "daily_volume": by(days, "volume"),
        **{f"{name}_daily_volume": by(days, f"volume.{name}") for name in names},
        "peak_date": str(peak.date()) if peak else None,
        "nsr_polar": shown("nsr_polar"),
        "nsr_total": shown("nsr_total"),
        "onset": moment("onset"),
        "statement": moment("statement"),
        "response_latency_hours": shown("response_latency"),
    }
    return {key: value for key, value in found.items() if value not in (None, {}, [])}


def _moment(connection: duckdb.DuckDBPyConnection, topic_id: str, as_of_sql: str) -> datetime:
    query = f"select {as_of_sql} from marts.dim_topics where topic_id = $topic"
    found: datetime = connection.execute(query, {"topic": topic_id}).fetchall()[0][0]
    return found


def _listed_days(facts: Facts) -> list[str]:
    """The days that stand in the tables."""
    return [str(day) for day in facts.material.days if f"day.{day}" in facts.ledger.figures]


def _charts(facts: Facts, language: str) -> dict[str, Any]:
    """Every chart of the page, by name; a chart without data is left out."""
    found: dict[str, Any] = {}
    for count in ("volume", "interactions"):
        for size, width in (("wide", charts.WIDE), ("narrow", charts.NARROW)):
            svg = _trend(facts, language, width, count)
            if svg:
                found[f"{count}_{size}"] = svg
        found[f"{count}_daily"] = {
            platform: _bars(facts, language, f"{count}.{platform}") for platform in facts.platforms
        }
    if sentences.has_sentiment(facts):
        found["composition"] = _composition(facts, language, "sentiment_share")
        if facts.value("interactions"):
            found["interaction_composition"] = _composition(facts, language, "sentiment_interaction_share")
        found["negative"] = _negative(facts, language)
    return found


def _label(facts: Facts, figure_id: str, language: str) -> charts.Label:
    return charts.Label(figure_id, facts.ledger.figures[figure_id].shown(language))


def _trend(facts: Facts, language: str, width: int, count: str) -> str | None:
    material = facts.material
    hours = [
        charts.Hour(start, volume if count == "volume" else interactions)
        for start, volume, interactions in material.hourly
    ]
    if not hours or not any(hour.number for hour in hours):
        return None
    phases = [
        charts.Span(
            row["started_at"],
            row["ended_at"],
            charts.PHASE_COLOURS[row["phase"]],
            sentences.PHASE_NAMES[row["phase"]][LANGUAGES.index(language)],
        )
        for row in material.rows["event_phases"]
        if row["started_at"] and row["ended_at"]
    ]
    moments = [
        charts.Moment(at, names[LANGUAGES.index(language)], _label(facts, figure_id, language))
        for figure_id, names in _MARKS.items()
        if facts.has(figure_id) and (at := facts.ledger.figures[figure_id].moment)
    ]
    days = [
        (midnight(day), _label(facts, f"day.{day}", language))
        for day in material.days
        if f"day.{day}" in facts.ledger.figures and midnight(day) >= hours[0].start
    ]
    return charts.trend(
        hours,
        phases,
        moments,
        days,
        _peak(facts, hours, language) if count == "volume" else None,
        gap_name=_GAP[language],
        width=width,
    )


def _peak(facts: Facts, hours: list[charts.Hour], language: str) -> tuple[datetime, int, charts.Label] | None:
    """The hour with the most posts, where the ledger says which it is and how many it has."""
    if not facts.has("peak_hour") or not facts.has("peak_hour_volume"):
        return None
    at = facts.ledger.figures["peak_hour"].moment
    counts = {hour.start: hour.number for hour in hours}
    if at is None or not counts.get(at):
        return None
    return at, counts[at] or 0, _label(facts, "peak_hour_volume", language)


def _bars(facts: Facts, language: str, prefix: str) -> str:
    """A platform's days; of many, only the first, the last and the greatest have their numbers printed."""
    days = _listed_days(facts)
    counts = {day: facts.ledger.value(f"{prefix}.{day}") for day in days}
    greatest = max(days, key=lambda day: (counts[day] or 0, day), default=None)
    ends = {days[0], days[-1], greatest} if len(days) > 7 else set(days)
    return charts.bars(
        [
            charts.Day(
                _label(facts, f"day.{day}", language) if day in ends else None,
                None if (count := counts[day]) is None else int(count),
                _label(facts, f"{prefix}.{day}", language) if day in ends else None,
            )
            for day in days
        ],
        gap_name=_GAP[language],
    )


def _composition(facts: Facts, language: str, prefix: str) -> str:
    """Shares of sentiments, of all posts and of each platform's."""
    rows = []
    for name, suffix in [(_ALL[language], "")] + [
        (facts.material.platform_name(platform, language), f"{platform}.") for platform in facts.platforms
    ]:
        parts = [
            charts.Part(sentiment, facts.value(figure_id), _label(facts, figure_id, language))
            for sentiment in SENTIMENTS
            if facts.has(figure_id := f"{prefix}.{suffix}{sentiment}")
        ]
        if parts:
            rows.append((name, parts))
    return charts.stacked(rows)


def _negative(facts: Facts, language: str) -> str:
    """The corrected share of negative posts with its interval; of a platform, the interval of its groups."""
    rows = []
    for name, suffix in [(_ALL[language], "")] + [
        (facts.material.platform_name(platform, language), f"{platform}.") for platform in facts.platforms
    ]:
        ids = [f"corrected_share{part}.{suffix}negative" for part in ("", "_low", "_high")]
        if all(facts.has(one) for one in ids):
            share, low, high = (facts.value(one) for one in ids)
            rows.append(charts.Interval(name, share, low, high, _label(facts, ids[0], language)))
    return charts.intervals(rows) if rows else ""
