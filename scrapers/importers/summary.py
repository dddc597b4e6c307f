"""The result of an import as lines of text."""

import unicodedata
from collections.abc import Sequence
from datetime import date

from scrapers.importers.tallies import Import, Tally

_NUMBERS = ("read", "kept", "repeated", "observed_again", "quarantined")
_HEADINGS = ("read", "kept", "repeated", "(landed)", "quarantined")


def summary(outcome: Import) -> list[str]:
    """A line for each file and for each table, and notes."""
    done = [tally for tally in outcome.tallies if tally.kind]
    lines = [_line(_HEADINGS, "format, file")]
    lines += [_line(_numbers([tally]), f"{tally.kind.name}, {_place(tally)}") for tally in done if tally.kind]
    for table in ("posts", "comments"):
        of_table = [tally for tally in done if tally.kind and tally.kind.table == table]
        if of_table:
            lines.append(_line(_numbers(of_table), f"all {table}{_days(outcome, table)}"))
    lines.append(
        "kept: rows of posts or comments that are new. repeated: those that raw or an earlier row already had;"
    )
    lines.append("(landed): repeated rows that are another observation. quarantined: unreadable.")
    lines += [
        f"{_place(tally)}: {tally.unread_counts:,} filled cells of counts could not be read and count as not shown; "
        "check that the columns hold counts"
        for tally in done
        if tally.unread_counts
    ]
    lines += [
        f"{_place(tally)}: {tally.replaced_times:,} times contradict the time in the id by hours; the time in the id "
        "was taken"
        for tally in done
        if tally.replaced_times
    ]
    lines += [f"skipped: {tally.path}: {tally.skipped}" for tally in outcome.tallies if tally.skipped]
    lines += [f"set aside: {tally.problem}" for tally in outcome.tallies if tally.problem]
    lines += [f"ignored: {path}" for path in outcome.ignored]
    if outcome.quarantine:
        lines.append(f"quarantined rows, with file, position and reason: {outcome.quarantine}")
    lines.append(f"landed: {outcome.landed} rows as {outcome.import_id}" if outcome.landed else "landed: nothing new")
    return [printable(line).replace("\n", "\\n") for line in lines]


def printable(text: str) -> str:
    """The text with control characters escaped but line breaks: a file's name may clear the screen, turn the direction
    of writing, or hold bytes that are not UTF-8."""
    return "".join(
        char if char == "\n" or unicodedata.category(char)[0] != "C" else char.encode("unicode_escape").decode()
        for char in text
    )


def _place(tally: Tally) -> str:
    return f"{tally.path}, {tally.part}" if tally.part else str(tally.path)


def _numbers(tallies: Sequence[Tally]) -> list[str]:
    return [f"{sum(getattr(tally, name) for tally in tallies):,}" for name in _NUMBERS]


def _line(cells: Sequence[str], words: str) -> str:
    return " ".join(f"{cell:>11}" for cell in cells) + "  " + words


def _days(outcome: Import, table: str) -> str:
    days: list[date] = sorted({day for of_table, _, day in outcome.rows if of_table == table})
    if len(days) == 1:
        return f", of {days[0]}"
    return f", of {len(days)} days from {days[0]} to {days[-1]}" if days else ""
