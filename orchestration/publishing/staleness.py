"""Which days have raw data that the published marts have not seen.

The served snapshot says for each day which enriched version it was built from (marts.built_days), and a version's name
holds the fingerprint of its inputs: the day's raw files, the topics, the labels, the model. So staleness is read from
the data alone; a run that was killed anywhere leaves the day stale, and the next run does it again.
"""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from core.contracts.raw import RawTable
from core.platforms import PLATFORMS
from core.storage.raw import raw_files
from core.storage.versions import fingerprint

# The version of a day whose raw files are gone (retention, deletion): an empty one, so that its rows go too.
GONE = fingerprint(["no raw files"])


def day_fingerprints(data_dir: Path, analysis_fingerprint: str, table: RawTable = "posts") -> dict[str, str]:
    """For each day with raw rows of the table: what the version of its enriched files has to be called."""
    inputs: dict[str, list[str]] = {}
    for (platform, day), names in raw_files(data_dir, table, PLATFORMS).items():
        inputs.setdefault(day, []).extend(f"{platform}/{name}" for name in names)
    return {day: fingerprint([analysis_fingerprint, *names]) for day, names in sorted(inputs.items())}


def built_fingerprints(serving: Path) -> dict[str, str]:
    """For each day in the served snapshot: the fingerprint it was built from. Empty where nothing is published."""
    if not serving.exists():
        return {}
    with duckdb.connect(str(serving), read_only=True) as connection:
        rows = connection.execute("select posted_date, enriched_version from marts.built_days").fetchall()
    return {day.isoformat(): version.split("-", 1)[1] for day, version in rows}


def stale_days(expected: Mapping[str, str], built: Mapping[str, str]) -> list[str]:
    """The days, in order, that are to be built: new, changed, or gone from raw since."""
    return sorted(day for day in expected.keys() | built.keys() if expected.get(day) != built.get(day))


def landed_beside_posts(data_dir: Path, serving: Path) -> bool:
    """Whether comments, accounts or hot lists landed after the snapshot was published, by the times of the files.

    They stand under days of their own, so no day of posts is stale for them.
    """
    published = serving.stat().st_mtime if serving.exists() else 0.0
    return any(
        path.stat().st_mtime > published
        for table in ("comments", "authors", "hot_lists")
        for path in (data_dir / "raw" / table).glob("platform=*/day=*/*.parquet")
    )
