"""make refresh: bring the marts up to date from the command line, as a real run of the jobs in defs/jobs.py.

With dates: the days are crawled where a topic asks for something, and their marts rebuilt. Without: nothing is crawled,
and every day whose raw data is newer than its marts is rebuilt.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
from dagster._core.definitions.reconstruct import ReconstructableRepository

from core.calendar import TIMEZONE, days_between
from core.environment import EnvironmentProblem, data_dir, now
from core.listening import Listening, ListeningProblem, load_listening
from core.platforms import PLATFORMS, Platform
from core.storage.paths import PROJECT_DIR, serving_path
from core.storage.raw import raw_files
from orchestration.cli.report import latest_reports
from orchestration.lib.crawl import require_access
from orchestration.lib.days import DAYS_TAG, RANGE_TAGS, all_stale_days
from orchestration.publishing.staleness import landed_beside_posts
from orchestration.reading.labels import LabelProblem
from orchestration.reporting.console import event_table

PROCESS_TAG = "tingfeng/process"


class RefreshProblem(Exception):
    """Something that a person has to mend before the refresh can run."""


def parse_day(text: str) -> date:
    """A day written YYYY-MM-DD; raises RefreshProblem."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefreshProblem(f"{text!r} is no day; write it as YYYY-MM-DD.") from error


def requested_window(start: str | None, end: str | None, listening: Listening) -> tuple[date, date] | None:
    """The window that the arguments ask for; None without any. Raises RefreshProblem where it makes no sense."""
    if not start and not end:
        return None
    first = parse_day(start or end or "")
    last = parse_day(end or start or "")
    today = now().astimezone(ZoneInfo(TIMEZONE)).date()
    if last < first:
        raise RefreshProblem(f"END {last} is before START {first}; swap them.")
    if last > today:
        raise RefreshProblem(f"END {last} is in the future; today is {today} in {TIMEZONE}.")
    if first < listening.history_start:
        raise RefreshProblem(
            f"START {first} is before history_start {listening.history_start}; set it earlier in listening.yaml."
        )
    return first, last


def days_to_crawl(listening: Listening, first: date, last: date) -> dict[Platform, list[str]]:
    """The platforms that are asked for something in the window, each with the days on which they are."""
    window = days_between(first.isoformat(), last.isoformat())
    asked = {
        platform: [day for day in window if listening.is_asked(platform, date.fromisoformat(day))]
        for platform in listening.platforms
    }
    return {platform: days for platform, days in asked.items() if days}


def run_job(name: str, tags: dict[str, str]) -> bool:
    """Run a job of the definitions on the instance, in step processes; whether it succeeded."""
    instance = dg.DagsterInstance.get()
    release_lost_runs(instance)
    repository = ReconstructableRepository.for_module("orchestration.definitions", "defs", str(PROJECT_DIR))
    with _without_stdout():
        result = dg.execute_job(
            repository.get_reconstructable_job(name),
            instance=instance,
            tags=tags | {PROCESS_TAG: str(os.getpid())},
            run_config={"loggers": {"console": {}}},
            raise_on_error=False,
        )
    return result.success


@contextmanager
def _without_stdout() -> Iterator[None]:
    """Steps' stdout (dbt: a line for each model and test) is kept by Dagster with the step; the terminal gets the log.

    By file descriptor, since it is the step processes that write.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def release_lost_runs(instance: dg.DagsterInstance) -> None:
    """Mark runs of this command whose process was killed as failed, and give their pool slots back.

    Without it the next run would wait for ever for a slot that nobody gives back.
    """
    unfinished = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    for run in instance.get_runs(dg.RunsFilter(statuses=unfinished)):
        process = run.tags.get(PROCESS_TAG)
        if process and not _is_alive(int(process)):
            print(f"run {run.run_id[:8]} was killed; its days are done again")
            instance.report_run_failed(run, "The process that ran it was killed.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def refresh(start: str | None, end: str | None) -> bool:
    """Do what the arguments ask; whether it succeeded. Raises the problems that a person has to mend."""
    listening = load_listening()
    window = requested_window(start, end, listening)
    if window is None:
        _tell_days_out_of_reach(listening)
        days = all_stale_days()
        if days:
            return catch_up(days)
        if landed_beside_posts(data_dir(), serving_path()):
            print("Comments, accounts or hot lists have landed since the marts were published.")
            return run_job("catch_up", {})
        print("Nothing to do: no raw data is newer than its marts.")
        return True
    plan = days_to_crawl(listening, *window)
    if plan:
        require_access(list(plan))
        first, last = min(map(min, plan.values())), max(map(max, plan.values()))
        print(f"Crawling {', '.join(plan)} for {first} to {last}.")
        range_tags = dict(zip(RANGE_TAGS, (first, last), strict=True))
        if not run_job("refresh", range_tags):
            return False
    else:
        print(f"No topic asks for anything between {window[0]} and {window[1]}; nothing is crawled.")
    # What is left of the window: days that nobody asks a site for, but that were imported.
    return catch_up([day for day in all_stale_days() if window[0].isoformat() <= day <= window[1].isoformat()])


def catch_up(days: list[str]) -> bool:
    """Rebuild the marts of stale days, without crawling; whether it succeeded."""
    if not days:
        return True
    print(f"{len(days)} days have raw data that is newer than their marts: {days[0]} to {days[-1]}.")
    return run_job("catch_up", {DAYS_TAG: f"{days[0]}...{days[-1]}"})


def _tell_days_out_of_reach(listening: Listening) -> None:
    since = listening.history_start.isoformat()
    early = sorted({day for _, day in raw_files(data_dir(), "posts", PLATFORMS) if day < since})
    if early:
        print(
            f"Left out: {len(early)} days with raw data from {early[0]} on lie before history_start {since}; "
            "set history_start in listening.yaml earlier to have them."
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Bring the marts up to date.")
    parser.add_argument("--start", help="first day of publication, YYYY-MM-DD, Asia/Shanghai")
    parser.add_argument("--end", help="last day, included")
    arguments = parser.parse_args()
    began = time.monotonic()
    try:
        if "DAGSTER_HOME" not in os.environ:
            raise RefreshProblem("DAGSTER_HOME is not set; run 'make refresh', which sets what Dagster needs.")
        ok = refresh(arguments.start, arguments.end)
    except (RefreshProblem, ListeningProblem, EnvironmentProblem, LabelProblem) as problem:
        print(f"refresh: {problem}", file=sys.stderr)
        return 1
    if not ok:
        print("refresh: the run failed; see above, or the run in the Dagster UI ('make dev').", file=sys.stderr)
        return 1
    if not serving_path().exists():
        print(
            "Nothing is published yet, and there is no raw data. Crawl (START=... END=...) or import something first."
        )
        return 0
    print(event_table(serving_path()))
    print(f"\nDone in {time.monotonic() - began:.0f} s.")
    print(f"Marts:  {serving_path()}  (DuckDB; open it read-only, its tables are marts.daily_volume and so on)")
    for topic, report in latest_reports().items():
        print(f"Report: {report}  ({topic})")
    print("Runs:   make dev, then http://127.0.0.1:3000")
    return 0


if __name__ == "__main__":
    sys.exit(main())
