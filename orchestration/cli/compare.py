"""make compare: which figures of a topic moved between two moments, by how much, and why.

Exit status: 0; 2 where the moments or the topic cannot be compared.
"""

import argparse
import sys
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from core.calendar import TIMEZONE
from core.environment import EnvironmentProblem, now
from core.storage.paths import serving_path
from orchestration.publishing.as_of import AsOfProblem, build_as_of, parse_moment
from orchestration.reporting.comparison import compare_marts, in_words, residuals


def _told(text: str) -> None:
    print(text, file=sys.stderr)


def _names(marts: Path, topic_id: str, *, english: bool) -> tuple[str, dict[str, str]]:
    """A topic's name, and the names of platforms."""
    with duckdb.connect(str(marts), read_only=True) as connection:
        names = connection.execute("select topic_name from dim_topics where topic_id = $1", [topic_id]).fetchone()
        platforms = connection.execute("select platform, name_zh, name_en from dim_platforms").fetchall()
    if names is None:
        raise AsOfProblem(f"{marts} has no topic {topic_id!r}.")
    return names[0], {platform: in_english if english else in_chinese for platform, in_chinese, in_english in platforms}


def _in_china(moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(TIMEZONE)):%Y-%m-%d %H:%M:%S}"


def comparison_text(topic_id: str, start: str, end: str | None, *, english: bool) -> str:
    """The text for a topic and two moments as people write them; without the second, with what is published now.

    Raises AsOfProblem where they cannot be compared.
    """
    latest = now()
    since = parse_moment(start, latest)
    until = parse_moment(end, latest) if end else None
    if until and until <= since:
        raise AsOfProblem(f"TO {end} is not after FROM {start}; swap them.")
    if until is None and not serving_path().exists():
        raise AsOfProblem("Nothing is published yet; run 'make refresh', or name a moment with TO=time.")
    before = build_as_of(since, topic_id, _told)
    after = build_as_of(until, topic_id, _told) if until else serving_path()
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


def main() -> int:
    parser = argparse.ArgumentParser(description="Say which figures of a topic moved between two moments, and why.")
    parser.add_argument("--topic", required=True)
    parser.add_argument(
        "--from", dest="start", required=True, help="2026-01-05T12:00, Asia/Shanghai unless it has a zone"
    )
    parser.add_argument("--to", dest="end", help="likewise; without it, what is published now")
    parser.add_argument("--english", action="store_true")
    given = parser.parse_args()
    try:
        print(comparison_text(given.topic, given.start, given.end, english=given.english))
    except (AsOfProblem, EnvironmentProblem) as problem:
        print(f"compare: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
