"""Bringing the marts up to date, as real runs of the jobs in defs/jobs.py.

With dates, the days are crawled where a topic has queries for them, and their marts rebuilt. Without dates nothing is
crawled, and every day whose marts are out of date is read and built again (planning.py).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import NamedTuple

from core.calendar import CHINA, TIMEZONE, days_between
from core.contracts.raw import SCHEMAS
from core.environment import data_dir, now, source
from core.listening import Listening, load_listening
from core.platforms import PLATFORMS, Platform
from core.problems import ArgumentProblem, Problem
from core.storage.paths import enriched_dir, serving_path
from core.storage.pseudonym_key import load_key
from core.storage.raw import REMEDY_FOR_LOST, raw_files
from core.storage.versions import heal
from orchestration.lib.crawl import require_access
from orchestration.lib.days import DAYS_TAG, RANGE_TAGS
from orchestration.lib.planning import Plan, duration_line, plan, plan_lines
from orchestration.lib.repairs import repair, repair_enriched
from orchestration.lib.runs import Outcome, run_job
from orchestration.lib.upgrading import upgrade_line
from orchestration.reading.sentiment.choice import load_classifier

UP_TO_DATE = "Nothing to do: the marts are up to date."
NOTHING_PUBLISHED = (
    "Nothing is published yet, and there is no raw data. Crawl days with 'tingfeng refresh --start ... --end ...', or "
    "import files with 'tingfeng import'."
)


class Progress(NamedTuple):
    """Where a refresh reports to: messages of its own, the lines of its runs, and how many days will be crawled."""

    message: Callable[[str], None]
    run_line: Callable[[str], None]
    crawl_plan: Callable[[dict[Platform, list[str]]], None]


def parse_day(text: str) -> date:
    """A day written YYYY-MM-DD; raises Problem."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentProblem(f"{text!r} is not a valid day; write it as YYYY-MM-DD.") from error


def requested_window(start: str | None, end: str | None, listening: Listening) -> tuple[date, date] | None:
    """The first and last day that were requested; None without arguments. Raises ArgumentProblem for wrong days."""
    if not start and not end:
        return None
    first = parse_day(start or end or "")
    last = parse_day(end or start or "")
    today = now().astimezone(CHINA).date()
    if last < first:
        raise ArgumentProblem(f"--end {last} is before --start {first}; swap them.")
    if last > today:
        raise ArgumentProblem(f"--end {last} is in the future; today is {today} in {TIMEZONE}.")
    if first < listening.history_start:
        raise ArgumentProblem(
            f"--start {first} is before history_start {listening.history_start}; set it earlier in listening.yaml."
        )
    return first, last


def days_to_crawl(listening: Listening, first: date, last: date) -> dict[Platform, list[str]]:
    """The platforms that have queries or accounts in the window, each with the days on which it has some."""
    window = days_between(first.isoformat(), last.isoformat())
    plan = {
        platform: [day for day in window if listening.is_crawled(platform, date.fromisoformat(day))]
        for platform in listening.platforms
    }
    return {platform: days for platform, days in plan.items() if days}


def require_settings() -> None:
    """Raise Problem if a setting that the steps read is wrong, rather than let a step fail on it minutes later."""
    source()
    now()
    load_classifier()
    if data_dir().exists() and not data_dir().is_dir():
        raise Problem(f"TINGFENG_DATA is {str(data_dir())!r}, which is a file; set it to a folder.")


def refresh(start: str | None, end: str | None, progress: Progress) -> list[Outcome]:
    """Run what the arguments request; returns the runs in order, the last of which may have failed.

    Raises Problem for settings and arguments that a person has to fix, before anything runs.
    """
    require_settings()
    enriched_repairs = repair_enriched()
    for message in (*repair(data_dir()), *enriched_repairs):
        progress.message(message)
    listening = load_listening()
    window = requested_window(start, end, listening)
    load_key(data_dir())  # raises Problem for a key that crawls and steps would refuse
    if window is None:
        return _refresh_stale_days(listening, progress, is_repaired=bool(enriched_repairs))
    to_crawl = days_to_crawl(listening, *window)
    outcomes = []
    if to_crawl:
        require_access(list(to_crawl))
        first, last = min(map(min, to_crawl.values())), max(map(max, to_crawl.values()))
        progress.message(f"Crawling {', '.join(to_crawl)} for {first} to {last}.")
        progress.crawl_plan(to_crawl)
        outcomes.append(run_job("refresh", dict(zip(RANGE_TAGS, (first, last), strict=True)), progress.run_line))
        if not outcomes[-1].success:
            return outcomes
    else:
        progress.message(f"No topic has queries between {window[0]} and {window[1]}; nothing is crawled.")
    # The rest of the window: days that were imported and are not crawled.
    first_day, last_day = (day.isoformat() for day in window)
    stale = [one for one in plan().days if first_day <= one.day <= last_day]
    return outcomes + (_catch_up(Plan(stale, []), progress) if stale else [])


def find_damage(data_dir: Path) -> list[str]:
    """Compare the checksums of all files after a run has failed; a message for each damaged one, which is set aside.

    Other files than those that are read day by day can have made it fail: dbt reads slices and accounts of all days.
    """
    messages = heal(enriched_dir(), verify=True)
    for table in SCHEMAS:
        known = {(day, name) for day, files in raw_files(data_dir, table, PLATFORMS).items() for name in files.lost}
        for day, files in raw_files(data_dir, table, PLATFORMS, verify=True).items():
            messages += [
                f"{' '.join(day)}: raw file {name} of {table} was damaged; moved to data/set-aside. {REMEDY_FOR_LOST}"
                for name in files.lost
                if (day, name) not in known
            ]
    return messages


def _refresh_stale_days(listening: Listening, progress: Progress, *, is_repaired: bool) -> list[Outcome]:
    _report_days_before_history(listening, progress)
    to_do = plan()
    if to_do.is_empty and not is_repaired:
        if serving_path().exists():
            progress.message(UP_TO_DATE)
        return []
    return _catch_up(to_do, progress)


def _catch_up(to_do: Plan, progress: Progress) -> list[Outcome]:
    """Read and build what the plan says, without crawling."""
    if not to_do.is_empty:
        upgrade = upgrade_line(to_do)
        for line in (*([upgrade] if upgrade else []), *plan_lines(to_do), duration_line(to_do)):
            progress.message(line)
    tags = {DAYS_TAG: f"{to_do.days[0].day}...{to_do.days[-1].day}"} if to_do.days else {}
    return [run_job("catch_up", tags, progress.run_line)]


def _report_days_before_history(listening: Listening, progress: Progress) -> None:
    since = listening.history_start.isoformat()
    early = sorted({day for _, day in raw_files(data_dir(), "posts", PLATFORMS) if day < since})
    if early:
        progress.message(
            f"{len(early)} days with raw data, from {early[0]} on, lie before history_start {since} and are left out; "
            "set history_start in listening.yaml earlier to include them."
        )
