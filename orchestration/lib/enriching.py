"""The loop that the enriched assets share: read raw days in batches, check them, enrich them, check again, write."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from typing import NamedTuple, TypeVar

import dagster as dg
import polars as pl

from core.contracts.raw import RawTable
from core.environment import data_dir
from core.platforms import PLATFORMS
from core.storage.paths import enriched_dir
from core.storage.raw import REMEDY_FOR_LOST, raw_files
from core.storage.versions import current_version
from expectations.validation import Validation, merged
from orchestration.lib.checks import as_check_result
from orchestration.lib.raw_frames import day_batches, read_days, validate_landed
from orchestration.lib.refused_rows import REMEDY_FOR_REFUSED, refused_rows

_Next = TypeVar("_Next")
RAW_ROWS = "raw_rows"  # the check of the raw rows, which every enriched asset has


class Batch(NamedTuple):
    """The enriched rows of some days, not written yet."""

    validations: Mapping[str, Validation]  # by the name of the check
    # Writes the files of one day under a fingerprint; returns what it counted, such as {"posts": 120}.
    write_day: Callable[[str, str], Mapping[str, int]]


def enrich_days(
    context: dg.AssetExecutionContext,
    table: RawTable,
    fingerprints: Mapping[str, str],
    checks: Mapping[str, dg.AssetKey],
    enrich: Callable[[pl.DataFrame, Sequence[str]], Batch],
) -> Generator[dg.AssetCheckResult, None, Counter[str]]:
    """Enrich days of a raw table; return the sums of what Batch.write_day counted, and the number of ``days``.

    fingerprints: the days, YYYY-MM-DD, and the fingerprint of the version to write for each.
    checks: the names of the checks, RAW_ROWS among them, and the asset that each belongs to.
    enrich: the raw rows of a batch of days (raw_frames.read_days), and these days, to the enriched rows.

    Yields one result for each check. Critical failures of a batch stop the loop before anything of the batch is
    written, and raise dg.Failure after the results; earlier batches stay written.
    """
    validations: dict[str, list[Validation]] = defaultdict(list)
    counts: Counter[str] = Counter(days=0)
    explanation: list[str] = []
    for days in day_batches(data_dir(), table, list(fingerprints)):
        rows = read_days(data_dir(), table, days)
        validations[RAW_ROWS].append(validate_landed(table, rows))
        if validations[RAW_ROWS][-1].is_critical:
            explanation = [*refused_rows(data_dir(), table, rows), REMEDY_FOR_REFUSED]
            break
        batch = enrich(rows, days)
        for name, validation in batch.validations.items():
            validations[name].append(validation)
        if any(validation.is_critical for validation in batch.validations.values()):
            explanation = [
                f"Days {days[0]} to {days[-1]}.",
                *(failure.in_words() for one in batch.validations.values() for failure in one.failures),
                "Correct what reads the posts (labels, model, code), then run 'tingfeng refresh'.",
            ]
            break
        for day in days:
            counts.update(batch.write_day(day, fingerprints[day]))
        counts["days"] += len(days)
        context.log.info(f"{counts['days']} of {len(fingerprints)} days of {table} enriched, up to {days[-1]}")
    results = {name: merged(validations[name]) for name in checks}
    for name, validation in results.items():
        yield as_check_result(validation, checks[name], name)
    if failed := [name for name, validation in results.items() if validation.is_critical]:
        raise dg.Failure(
            "\n".join([f"{' and '.join(failed)} of {table} failed; nothing of these days was written.", *explanation])
        )
    return counts


def verified(
    context: dg.AssetExecutionContext, table: RawTable, find_days: Callable[[], dict[str, _Next]]
) -> dict[str, _Next]:
    """The days to enrich, after the checksums of their raw files were compared and damaged files were set aside.

    find_days: the days that are out of date and what their next versions are made from, which follows from the files
    that are there.
    """
    known = _lost(table, verify=())
    for path in sorted(_lost(table, verify=find_days()) - known):
        context.log.warning(f"{path}: its content is not what was landed; moved to data/set-aside. {REMEDY_FOR_LOST}")
    return find_days()


def _lost(table: RawTable, verify: Collection[str]) -> set[str]:
    return {
        f"raw/{table}/platform={platform}/day={day}/{name}"
        for (platform, day), files in raw_files(data_dir(), table, PLATFORMS, verify=verify).items()
        for name in files.lost
    }


def current_rows(table: str, days: Sequence[str], schema: pl.Schema) -> dict[str, pl.DataFrame]:
    """The current version of an enriched table, for each of the days; no rows for a day without a version."""
    return {day: current_version(enriched_dir() / f"{table}/day={day}", schema) for day in days}
