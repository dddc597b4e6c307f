"""The faults that are tried, and how each ends: the table of docs/faults.md, from which the tests run too."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal, NamedTuple

from tests.faults import world

# What happens next, in the words of docs/faults.md.
OUTCOMES = {
    "repaired": "the next refresh names it, repairs it, and ends with the true marts",
    "incomplete": "the next refresh names it and moves it to `data/set-aside/`; its days are incomplete, never zero, "
    "until it is restored or the days are collected again",
    "refused": "commands that need it end with one line that says what to do, before they write anything",
    "harmless": "nothing has to be done: the next run ends with the true marts",
    "again": "the same command, run again, ends as if it had not been disturbed",
    "released": "within two minutes the run is marked as failed, its pools are free and its days are stale; the next "
    "run builds them",
    "waits": "they wait for each other, say for whom, and end as one after the other would",
    "named": "`tingfeng doctor` names it with the remedy; runs go on",
}
Outcome = Literal["repaired", "incomplete", "refused", "harmless", "again", "released", "waits", "named"]


class Damage(NamedTuple):
    """A fault of files of a data folder with marts.

    make: does it, and returns the file that has to be named. by: the command that refuses it.
    """

    station: str
    fault: str
    outcome: Outcome
    make: Callable[[Path], Path]
    by: str = ""


class Disturbance(NamedTuple):
    """A fault of a process, a disk or a clock; ``test`` is the test that makes it."""

    station: str
    fault: str
    outcome: Outcome
    test: str


def one(data: Path, pattern: str) -> Path:
    """The first file that fits a pattern below the data folder."""
    return sorted(data.glob(pattern))[0]


def cut(pattern: str, share: float = 0.6) -> Callable[[Path], Path]:
    """Cut a file to a share of its size; 0 empties it."""

    def make(data: Path) -> Path:
        path = one(data, pattern)
        os.truncate(path, int(path.stat().st_size * share))
        return path

    return make


def flipped(pattern: str) -> Callable[[Path], Path]:
    """Change a byte in the middle of a file."""

    def make(data: Path) -> Path:
        path = one(data, pattern)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)
        return path

    return make


def flipped_unseen(pattern: str) -> Callable[[Path], Path]:
    """Change a byte, and keep the file's time, as a failing disk does."""

    def make(data: Path) -> Path:
        path = one(data, pattern)
        times = path.stat()
        flipped(pattern)(data)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
        return path

    return make


def lost(pattern: str) -> Callable[[Path], Path]:
    def make(data: Path) -> Path:
        path = one(data, pattern)
        path.unlink()
        return path

    return make


def garbage(name: str, content: bytes = b"\xff\x00garbage" * 100) -> Callable[[Path], Path]:
    """Replace a file's content, or make the file."""

    def make(data: Path) -> Path:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return make


def copied(pattern: str) -> Callable[[Path], Path]:
    def make(data: Path) -> Path:
        path = one(data, pattern)
        return Path(shutil.copy2(path, path.with_name("copy.parquet")))

    return make


def stale_log(data: Path) -> Path:
    garbage("warehouse.duckdb.wal")(data)
    return lost("warehouse.duckdb")(data)


def old_draft(data: Path) -> Path:
    path = garbage(f"raw/posts/platform=weibo/day={world.DAYS[0]}/.one.parquet.12.tmp")(data)
    os.utime(path, (0, 0))
    return path


def forgotten_and_lost(data: Path) -> Path:
    """Tombstones that were written, and then lost."""
    garbage("raw/tombstones.count", b"2\n")(data)
    return data / "tombstones.jsonl"


RAW, ENRICHED = "raw/posts/platform=weibo/day=*/*.parquet", "enriched/posts/day=*/*.parquet"
CHECKPOINT = f"checkpoints/weibo/{world.DAYS[0]}"

DAMAGES = [
    Damage("raw", "a file is cut", "incomplete", cut(RAW)),
    Damage("raw", "a file is empty", "incomplete", cut(RAW, 0)),
    Damage("raw", "a file is lost", "incomplete", lost(RAW)),
    Damage("raw", "a byte is changed", "incomplete", flipped(RAW)),
    Damage("raw", "a byte is changed, the time is not", "named", flipped_unseen(RAW)),
    Damage("raw", "a file is there twice", "repaired", copied(RAW)),
    Damage("manifest of raw", "its last line is cut", "harmless", cut("landings/raw/posts/*.jsonl", 0.9)),
    Damage("manifest of raw", "it is lost", "harmless", lost("landings/raw/posts/*.jsonl")),
    Damage("enriched", "a file is cut", "repaired", cut(ENRICHED)),
    Damage("enriched", "a file is empty", "repaired", cut("enriched/post_topics/day=*/*.parquet", 0)),
    Damage("enriched", "a file is lost", "repaired", lost("enriched/topics/*.parquet")),
    Damage("enriched", "a byte is changed", "repaired", flipped("enriched/text_signatures/day=*/*.parquet")),
    Damage("manifest of enriched", "it is cut", "harmless", cut("landings/enriched/duplicate_links.jsonl")),
    Damage("warehouse", "it is cut", "repaired", cut("warehouse.duckdb")),
    Damage("warehouse", "it is empty", "repaired", cut("warehouse.duckdb", 0)),
    Damage("warehouse", "it is not a database", "repaired", garbage("warehouse.duckdb")),
    Damage("warehouse", "only its log is left", "repaired", stale_log),
    Damage("snapshot", "it is cut", "repaired", cut("serving/marts.duckdb")),
    Damage("snapshot", "it is empty", "repaired", cut("serving/marts.duckdb", 0)),
    Damage("records of publications", "one is cut", "repaired", cut("publications/*.parquet")),
    Damage("ledgers of reports", "one is cut", "repaired", cut("reports/*/*/figures.parquet")),
    Damage("checkpoint", "its plan is cut", "repaired", garbage(f"{CHECKPOINT}/crawl.json", b'{"crawl_id": "one"')),
    Damage("quarantine", "a line is cut", "named", cut("quarantine/*.jsonl", 0.9)),
    Damage("tombstones", "they are cut", "refused", garbage("tombstones.jsonl", b'{"platform": "we'), "import"),
    Damage("tombstones", "they are lost", "refused", forgotten_and_lost, "import"),
    Damage("key", "it is empty", "refused", cut("pseudonym.key", 0), "import"),
    Damage("key", "it is cut", "refused", cut("pseudonym.key", 0.6), "import"),
    Damage("key", "it is lost", "refused", lost("pseudonym.key"), "import"),
    Damage("key", "its fingerprint is cut", "refused", cut("raw/key.fingerprint"), "import"),
    Damage("labels", "a file is cut", "refused", garbage("labels/cut.csv", b"platform,post"), "refresh"),
    Damage("listening.yaml", "it is cut", "refused", cut("listening.yaml", 0.3), "refresh"),
    Damage("Dagster's runs", "the database is cut", "repaired", cut("dagster/history/runs.db")),
    Damage("Dagster's events", "the database is cut", "repaired", cut("dagster/history/runs/index.db")),
    Damage("Dagster's schedules", "the database is not one", "repaired", garbage("dagster/schedules/schedules.db")),
    Damage("Dagster's events", "those of a run are empty", "harmless", cut("dagster/history/runs/*-*.db", 0)),
    Damage("heartbeats", "a file is garbage", "harmless", garbage("dagster/heartbeats/no-such-run")),
    Damage("temporary files", "a killed process left one", "repaired", old_draft),
    Damage("temporary files", "a killed import left its rows", "repaired", garbage("importing/posts/weibo/0.arrow")),
]
DISTURBANCES = [
    *(
        Disturbance(command, "killed at any moment", "again", "test_kills.py")
        for command in ("import", "requeue", "forget", "rotate-key", "backup")
    ),
    Disturbance("crawl", "killed at any moment", "again", "tests/scrapers/spiders/test_resume.py"),
    Disturbance("refresh", "killed at any moment", "again", "test_killed_refreshes.py"),
    Disturbance("report", "killed at any moment", "again", "test_killed_refreshes.py"),
    Disturbance("run of the UI or the daemon", "its process is killed", "released", "test_dead_runs.py"),
    Disturbance("run of the UI or the daemon", "everything is killed", "released", "test_dead_runs.py"),
    Disturbance("run in a container", "another has its process id", "released", "test_lost_runs.py"),
    Disturbance("run", "the machine restarts", "released", "test_lost_runs.py"),
    Disturbance("disk", "full during an import", "again", "test_disks.py"),
    Disturbance("disk", "full during a refresh", "again", "test_disks.py"),
    Disturbance("disk", "read-only during an import", "again", "test_disks.py"),
    Disturbance("disk", "read-only during a refresh", "again", "test_disks.py"),
    Disturbance("clock", "set back after an import", "named", "test_damages.py"),
    Disturbance("warehouse", "another tool has it open for seconds", "waits", "test_waiting.py"),
    Disturbance("warehouse", "another tool has it open for minutes", "refused", "test_waiting.py"),
    Disturbance("import", "two at once", "waits", "test_at_once.py"),
    Disturbance("import", "at once with forget", "waits", "test_at_once.py"),
    Disturbance("import", "at once with rotate-key", "waits", "test_at_once.py"),
    Disturbance("refresh", "two at once, with an import", "waits", "test_at_once.py"),
]


def table() -> str:
    """The table of docs/faults.md."""
    rows = [(fault.station, fault.fault, fault.outcome) for fault in (*DISTURBANCES, *DAMAGES)]
    lines = ["| station | fault | outcome |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    words = [f"- **{name}**: {text}." for name, text in OUTCOMES.items()]
    return "\n".join([*lines, "", *words])
