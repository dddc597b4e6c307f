"""Options that commands share, lines on standard error, and progress: bars on a terminal, plain lines elsewhere."""

import os
import re
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from core.problems import Problem

if TYPE_CHECKING:
    from rich.progress import TaskID

    from core.platforms import Platform
    from orchestration.lib.refreshing import Progress
    from scrapers.importers.tallies import Advance


def _topic_ids() -> list[str]:
    """The ids of the topics in listening.yaml, for completion; none if the file cannot be read."""
    from core.listening import load_listening

    with suppress(Problem):
        return [topic.id for topic in load_listening().topics]
    return []


Topic = Annotated[
    str | None,
    typer.Option("--topic", help="The topic's id; needed where there are several.", autocompletion=_topic_ids),
]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", help="A moment such as 2026-01-06T12:00, in Asia/Shanghai unless it has a zone."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and problems only, no progress.")]

# The log line of a platform's finished day: "12:00:01 weibo_crawl: 2026-01-01: landed ...".
_DAY_DONE = re.compile(r" (?P<platform>\w+)_crawl: (?P<day>\d{4}-\d{2}-\d{2}): landed ")
_LINES_KEPT = 200  # lines of a quiet run that are printed if it fails


def error(message: str) -> None:
    """One line on standard error."""
    note(f"tingfeng: {message}")


def note(message: str) -> None:
    """A line of progress on standard error, so that results on standard output stay clean.

    If nobody reads it any more (``2>&1 | head``), the line is dropped and the work goes on.
    """
    try:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        # What is still in the buffer would fail at exit as well, and change the exit status.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def silent(_: str) -> None:
    """Takes a line of progress and prints nothing."""


def progress_line(quiet: bool) -> Callable[[str], None]:
    """The function that prints a command's progress lines; it prints nothing when quiet."""
    return silent if quiet else note


@contextmanager
def row_bars(quiet: bool) -> "Iterator[Advance | None]":
    """Yield what shows the rows of an import on a terminal: a bar for each phase, with rate, rows done and time left.

    None elsewhere, where the import prints lines, and when quiet.
    """
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"))
    with Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def advance(phase: str, done: int, total: int | None) -> None:
            if phase not in tasks:
                tasks[phase] = bars.add_task(f"rows {phase}", total=None, rate="")
            speed = bars.tasks[tasks[phase]].speed
            bars.update(tasks[phase], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

        yield advance


@contextmanager
def run_progress(quiet: bool) -> "Iterator[Progress]":
    """Yield where a refresh reports to: a bar for each platform and the log on a terminal, the log alone elsewhere.

    When quiet, the last lines of the log are printed only if the run fails.
    """
    from orchestration.lib.refreshing import Progress as Refresh

    if quiet:
        kept: deque[str] = deque(maxlen=_LINES_KEPT)
        try:
            yield Refresh(silent, kept.append, lambda plan: None)
        except Exception:
            for line in kept:
                note(line)
            raise
        return
    if not sys.stderr.isatty():
        yield Refresh(note, note, lambda plan: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    # A copy of the terminal's descriptor: while a run goes on, a pipe stands in its place (lib/runs.py).
    console = Console(file=os.fdopen(os.dup(2), "w", encoding="utf-8", buffering=1), force_terminal=True)
    columns = (TextColumn("{task.description:>12}"), BarColumn(), MofNCompleteColumn(), TextColumn("days"))
    with Progress(*columns, TimeRemainingColumn(), console=console, transient=True, redirect_stderr=False) as bars:
        tasks = {}

        def crawl_plan(plan: "dict[Platform, list[str]]") -> None:
            for platform, days in plan.items():
                tasks[platform] = bars.add_task(platform, total=len(days))

        def run_line(line: str) -> None:
            console.print(line, markup=False, highlight=False)
            if done := _DAY_DONE.search(line):
                for platform, task in tasks.items():
                    if platform == done["platform"]:
                        bars.advance(task)

        yield Refresh(lambda line: console.print(line, markup=False, highlight=False), run_line, crawl_plan)
