"""python -m scrapers.importers SRC [SRC ...]: import files and folders that other people's crawlers wrote.

Prints what became of each file and of all. Exit code 1 when a file could not be imported, with a line on stderr for
each such file.
"""

import argparse
import signal
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NoReturn

from core.environment import data_dir
from scrapers.importers.files import FileProblem
from scrapers.importers.run import Import, Tally, import_files

_NUMBERS = ("read", "kept", "repeated", "observed_again", "quarantined")
_HEADINGS = ("read", "kept", "repeated", "(landed)", "quarantined")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m scrapers.importers", description="Import files that other people's crawlers wrote."
    )
    parser.add_argument("source", nargs="+", type=Path, help="a file, or a folder with files")
    sources: list[Path] = parser.parse_args(arguments).source
    signal.signal(signal.SIGTERM, _stop)
    try:
        outcome = import_files(sources, data_dir(), _tell)
    except (FileProblem, OSError) as problem:
        _tell(f"error: {problem}")
        return 1
    sys.stdout.write("\n".join(summary(outcome)) + "\n")
    set_aside = [tally.problem for tally in outcome.tallies if tally.problem]
    for reason in set_aside:
        _tell(f"error: {reason}")
    return 1 if set_aside else 0


def _stop(*_: object) -> NoReturn:
    """As Ctrl-C: what is landed stays, the spool goes, and the next import lands the rest."""
    sys.exit(143)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def summary(outcome: Import) -> list[str]:
    """What became of each file and of all, a line each."""
    done = [tally for tally in outcome.tallies if tally.kind]
    lines = [_line(_HEADINGS, "format, file")]
    lines += [_line(_numbers([tally]), f"{tally.kind.name}, {tally.path}") for tally in done if tally.kind]
    for table in ("posts", "comments"):
        of_table = [tally for tally in done if tally.kind and tally.kind.table == table]
        if of_table:
            lines.append(_line(_numbers(of_table), f"all {table}{_days(outcome, table)}"))
    lines.append(
        "kept: rows of posts or comments that raw did not have. repeated: of those it had, or an earlier row had;"
    )
    lines.append("(landed): the repeated that are another observation. quarantined: unreadable.")
    lines += [f"skipped: {tally.path}: {tally.skipped}" for tally in outcome.tallies if tally.skipped]
    lines += [f"set aside: {tally.problem}" for tally in outcome.tallies if tally.problem]
    lines += [f"passed over: {path}" for path in outcome.passed_over]
    if outcome.quarantine:
        lines.append(f"quarantined rows, with file, position and reason: {outcome.quarantine}")
    lines.append(f"landed: {outcome.landed} rows as {outcome.import_id}" if outcome.landed else "landed: nothing new")
    return lines


def _numbers(tallies: Sequence[Tally]) -> list[str]:
    return [f"{sum(getattr(tally, name) for tally in tallies):,}" for name in _NUMBERS]


def _line(cells: Sequence[str], words: str) -> str:
    return " ".join(f"{cell:>11}" for cell in cells) + "  " + words


def _days(outcome: Import, table: str) -> str:
    days: list[date] = sorted({day for of_table, _, day in outcome.rows if of_table == table})
    return f", of {len(days)} days from {days[0]} to {days[-1]}" if days else ""


if __name__ == "__main__":
    sys.exit(main())
