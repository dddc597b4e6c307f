"""The comparison of a topic's figures at two moments, as text."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from core.calendar import TIMEZONE
from core.environment import now
from core.problems import Problem
from core.storage.paths import serving_path
from orchestration.publishing.as_of import build_as_of, parse_moment
from orchestration.reporting.comparison import compare_marts, in_words, residuals


def _names(marts: Path, topic_id: str, *, english: bool) -> tuple[str, dict[str, str]]:
    """A topic's name, and the names of platforms."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = connection.execute("select topic_name from dim_topics where topic_id = $1", [topic_id]).fetchone()
        platforms = connection.execute("select platform, name_zh, name_en from dim_platforms").fetchall()
    if names is None:
        raise Problem(f"{marts} has no topic {topic_id!r}.")
    return names[0], {platform: in_english if english else in_chinese for platform, in_chinese, in_english in platforms}


def _in_china(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M:%S}"


def comparison_text(
    topic_id: str, start: str, end: str | None, report_progress: Callable[[str], None], *, english: bool
) -> str:
    """The text for a topic and two moments as people write them; without the second, with what is published now.

    Raises Problem where they cannot be compared.
    """
    latest = now()
    since = parse_moment(start, latest)
    until = parse_moment(end, latest) if end else None
    if until and until <= since:
        raise Problem(f"--to {end} is not after --from {start}; swap them.")
    if until is None and not serving_path().exists():
        raise Problem("Nothing is published yet; run 'tingfeng refresh', or name a second moment with --to.")
    before = build_as_of(since, topic_id, report_progress)
    after = build_as_of(until, topic_id, report_progress) if until else serving_path()
    name, platforms = _names(after, topic_id, english=english)
    comparison = compare_marts(before, after, topic_id, since)
    last = _in_china(until) if until else ("as published" if english else "最近一次发布")
    title = f"{name} ({topic_id}): {_in_china(since)} → {last} ({TIMEZONE})"
    text = in_words(comparison, title, platforms, english=english)
    left = {
        side: residuals(marts, topic_id, comparison.moves, side)
        for side, marts in (("before", before), ("after", after))
    }
    if any(left.values()):
        return f"{text}\n\n" + (f"The marts differ from this: {left}" if english else f"与已建成的表不一致：{left}")
    return f"{text}\n\n" + (
        "The reasons add up to each change, and both ends are the figures of the marts."
        if english
        else "各原因之和等于各项变化；两端数字与数据表一致。"
    )
