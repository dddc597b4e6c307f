"""The comparison of a topic's figures at two moments, as text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl

from core.calendar import TIMEZONE, in_china
from core.environment import now
from core.problems import Problem
from core.storage.paths import serving_path
from orchestration.publishing.as_of import build_as_of, parse_moment
from orchestration.publishing.snapshot import unread_days
from orchestration.reporting.ledger import Figure, read_ledger
from orchestration.reporting.report_folders import LEDGER, report_at
from orchestration.statistics.comparison import EXAMPLES, Comparison, compare_marts, residuals

# Chinese and English.
REASON_TEXTS = {
    "published": ("起点之后发布", "published since"),
    "found": ("更早发布，起点之后才采集到", "published earlier, first collected since"),
    "newly_counted": (
        "此前已采集，现在才计入（相关性、话题或窗口有变）",
        "collected earlier, counted only now (relevance, topic or window changed)",
    ),
    "gone": ("原始数据已不在（删除或保留期届满）", "raw data no longer exists (deletion or retention)"),
    "irrelevant": ("改判为与话题无关", "now classified as irrelevant"),
    "not_counted": ("不再计入（话题、窗口、广告标记有变）", "no longer counted (topic, window or ad flag changed)"),
    "grown": ("已知帖子的互动增长", "interactions of known posts grew"),
    "fallen": ("已知帖子的互动减少", "interactions of known posts fell"),
    "analyst": ("分析师标注", "labelled by analysts"),
    "edited": ("正文被改过，重新判断", "text was edited and classified again"),
    "model": ("换了情感模型，正文未变", "other sentiment model, same text"),
    "reread": ("同一模型对同一正文重新判断", "classified again by the same model"),
}

# The figure of a report that a measure is compared with.
_FIGURE_OF_MEASURE = {
    "volume": "volume",
    "interactions": "interactions",
    "negative": "sentiment_volume.negative",
    "neutral": "sentiment_volume.neutral",
    "positive": "sentiment_volume.positive",
}
_SECOND = timedelta(seconds=1)

MEASURE_TEXTS = {
    "volume": ("声量", "Volume"),
    "interactions": ("互动量", "Interactions"),
    "negative": ("负面声量", "Negative volume"),
    "neutral": ("中性声量", "Neutral volume"),
    "positive": ("正面声量", "Positive volume"),
}


def _names(marts: Path, topic_id: str, *, english: bool) -> tuple[str, dict[str, str]]:
    """The name of a topic, and the names of the platforms by id."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = connection.execute("select topic_name from dim_topics where topic_id = $1", [topic_id]).fetchone()
        platforms = connection.execute("select platform, name_zh, name_en from dim_platforms").fetchall()
    if names is None:
        raise Problem(
            f"{marts} has no topic {topic_id!r}; if it was renamed or removed, name a moment before that with --to."
        )
    return names[0], {platform: in_english if english else in_chinese for platform, in_chinese, in_english in platforms}


def _shown(moment: datetime) -> str:
    return f"{in_china(moment):%Y-%m-%d %H:%M:%S}"


def comparison_text(
    topic_id: str, start: str, end: str | None, report_progress: Callable[[str], None], *, english: bool
) -> str:
    """Compare a topic at two moments; return the comparison as text.

    start, end: moments as parse_moment takes them, or folders of reports, which stand for their moments; without
    ``end`` the published marts are compared. report_progress receives a line per step. Raises Problem if the moments
    cannot be compared.
    """
    since = _moment(start)
    until = _moment(end) if end else None
    if until == since:
        raise Problem(
            f"--from {start} and --to {end} are of the same moment. What a change of rules, labels or models did to a "
            "report's figures is shown without --to, by a comparison with the published marts."
        )
    if until and until < since:
        raise Problem(f"--to {end} is not after --from {start}; swap them.")
    if until is None and not serving_path().exists():
        raise Problem("Nothing is published yet; run 'tingfeng refresh', or name a second moment with --to.")
    before = build_as_of(since, topic_id, report_progress)
    after = build_as_of(until, topic_id, report_progress) if until else serving_path()
    last = _shown(until) if until else ("as published" if english else "最近一次发布")
    unread = "".join(
        _unread_days(marts, topic_id, when, english=english) for marts, when in ((before, _shown(since)), (after, last))
    )
    name, platforms = _names(after, topic_id, english=english)
    comparison = compare_marts(before, after, topic_id, since)
    title = f"{name} ({topic_id}): {_shown(since)} → {last} ({TIMEZONE})"
    text = in_words(comparison, title, platforms, english=english) + unread
    for side, argument in (("before", start), ("after", end)):
        text += _difference_from_report(argument, comparison.moves, side, english=english)
    left = {
        side: residuals(marts, topic_id, comparison.moves, side)
        for side, marts in (("before", before), ("after", after))
    }
    if any(left.values()):
        return f"{text}\n\n" + (
            f"The marts differ from these figures: {left}" if english else f"与已建成的表不一致：{left}"
        )
    return f"{text}\n\n" + (
        "The reasons add up to each change, and both values are the figures of the marts."
        if english
        else "各原因之和等于各项变化；两端数字与数据表一致。"
    )


def _unread_days(marts: Path, topic_id: str, when: str, *, english: bool) -> str:
    """The paragraph on days whose posts do not count because they are unread; "" without any. Raises Problem if all of
    them are: zero would not be the topic's figure."""
    unread = unread_days(marts, topic_id)
    if unread.is_all:
        raise Problem(
            f"{when}: no day of the topic {topic_id!r} has been read by its rules yet, so its figures are unknown. Run "
            "'tingfeng refresh', or name other moments."
        )
    if not unread.days:
        return ""
    days = "1 day" if unread.days == 1 else f"{unread.days} days"
    return "\n\n" + (
        f"{when}: on {days}, posts have not been read by the topic's rules yet. Their numbers are unknown "
        "and not counted, so the changes are not those of the topic alone."
        if english
        else f"{when}：有{unread.days}天的帖子还没有按话题的规则读取，数字未知，没有计入；"
        "上述变化因此不全是话题本身的变化。"
    )


def _figures(argument: str | None) -> dict[str, Figure]:
    """The figures of the report that an argument names, by id; none if it is a moment."""
    if argument is None or not Path(argument).exists():
        return {}
    return read_ledger(report_at(Path(argument)).path / LEDGER)


def _moment(argument: str) -> datetime:
    """The moment of an argument: with a time zone; that of a report in UTC."""
    figures = _figures(argument)
    if not figures:
        return parse_moment(argument, now())
    as_of = max(figure.as_of for figure in figures.values()).replace(tzinfo=UTC)
    # Marts are built as of whole seconds, and those of the report have its last observation.
    return as_of.replace(microsecond=0) + _SECOND if as_of.microsecond else as_of


def _difference_from_report(argument: str | None, moves: pl.DataFrame, side: str, *, english: bool) -> str:
    """The paragraph on a report that printed other figures than those compared; "" if it did not, or none was named."""
    figures = _figures(argument)
    compared = dict(moves.filter(pl.col("platform").is_null()).select("measure", side).rows())
    language = 1 if english else 0
    differ = [
        f"{MEASURE_TEXTS[measure][language]} {figures[figure].display} / {compared[measure]:,}"
        for measure, figure in _FIGURE_OF_MEASURE.items()
        if measure in compared and figure in figures and figures[figure].value != compared[measure]
    ]
    if not differ:
        return ""
    listed = ", ".join(differ)
    return "\n\n" + (
        f"{argument} printed other figures than its moment gives now (printed / now): {listed}. Since it was built, "
        "rules, models, labels or the program have changed, or posts were deleted."
        if english
        else f"{argument} 当时印出的数字与现在按同一时刻重算的不同（报告／重算）：{listed}。"
        "报告生成之后，规则、模型、标注或程序有过变动，或有帖子被删除。"
    )


def in_words(comparison: Comparison, title: str, platform_names: dict[str, str], *, english: bool) -> str:
    """A comparison as text, in Chinese or English: each figure that changed, with its reasons."""
    language = 1 if english else 0
    lines = [title]
    moves = comparison.moves
    if moves.filter(pl.col("before") != pl.col("after")).is_empty() and comparison.reasons.is_empty():
        lines.append("No figure changed." if english else "各项数字没有变化。")
    for platform in moves["platform"].unique(maintain_order=True):
        of_platform = pl.col("platform").eq_missing(pl.lit(platform))
        changes = []
        for _, measure, before, after in moves.filter(of_platform).iter_rows():
            why = comparison.reasons.filter(of_platform, measure=measure)
            if why.is_empty():
                continue
            changes.append(f"  {MEASURE_TEXTS[measure][language]}  {before:,} → {after:,}  ({after - before:+,})")
            for _, _, reason, delta, posts, examples in why.iter_rows():
                count = f"{posts:,} posts, such as " if english else f"{posts:,} 帖，如 "
                changes.append(f"    {delta:+,}  {REASON_TEXTS[reason][language]} ({count}{' '.join(examples)})")
        if changes:
            all_platforms = "All platforms" if english else "所监测平台合计"
            lines += ["", all_platforms if platform is None else platform_names.get(platform, platform), *changes]
    unseen = comparison.not_seen_again
    if unseen.height:
        examples = " ".join(unseen["post_uid"].head(EXAMPLES))
        lines += [
            "",
            f"{unseen.height:,} posts were not found when their days were searched again: deleted by their site, or "
            f"not returned by the search. They keep their last counts ({examples})."
            if english
            else f"{unseen.height:,} 帖在其发布日再次检索时未再出现（平台已删除，或检索不到），"
            f"仍按最后一次观测计（如 {examples}）。",
        ]
    return "\n".join(lines)
