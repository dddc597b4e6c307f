"""Reports as files: HTML in two languages, the ledger, the figures for 'tingfeng reconcile', and a PDF.

    data/reports/index.html         all reports by topic, and the archive
    data/reports/<topic>/<...>/     report.html  report.en.html  report.pdf  figures.parquet  figures.json  report.json

Without a moment the report is made from the published snapshot, as of its last observation; with a moment, from marts
that are rebuilt as of that moment, and the folder also holds their built_from.json. report_folders.py says which folder
a report gets.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.environment import chromium, now, source
from core.listening import load_listening
from core.problems import Problem
from core.storage.paths import reports_dir, serving_path
from orchestration.publishing.as_of import build_as_of, built_from_path, folder_name, version_of_marts
from orchestration.publishing.snapshot import published_data_version, unread_days
from orchestration.reporting.event_report import PAGES, Report, build_report, is_written, write_report
from orchestration.reporting.ledger import open_snapshot, topics_of
from orchestration.reporting.report_folders import (
    ARCHIVE,
    archive,
    free_folder,
    last_built,
    report_folders,
    write_record,
)
from orchestration.reporting.report_index import write_index

# Timeout of the browser; printing the sandbox's report takes 3 s.
PRINT_SECONDS = 120


class Written(NamedTuple):
    """A report and its folder."""

    report: Report
    folder: Path
    is_new: bool  # False: the folder held exactly this report before


class NoPosts(Problem):
    """A published topic has no posts: there is nothing to report."""


def make_report(topic_id: str, as_of: datetime | None = None, log: Callable[[str], None] = print) -> Written:
    """Write the report of a topic, and the index. as_of: with a time zone; by default the published snapshot is used.

    Reports of topics that do not exist any more are moved to the archive first. ``log`` receives a line per step.
    Raises NoPosts if the topic has no posts; Problem if nothing is published, the topic is unknown, or the marts as of
    the moment cannot be built; VerificationProblem if a printed number is not a figure of the ledger.
    """
    if as_of:
        as_of = as_of.replace(microsecond=0)
        snapshot, moment = build_as_of(as_of, topic_id, log), as_of.astimezone(UTC).replace(tzinfo=None)
        version = version_of_marts(snapshot)
    else:
        snapshot, moment = published_snapshot(), None
        version = published_data_version(snapshot)
    topics = existing_topics()
    try:
        for moved in archive(reports_dir(), topics) if topics else ():
            log(f"The reports of the topic {moved} were moved: reports/{ARCHIVE} has those of topics that are gone.")
        _require_posts(snapshot, topic_id, as_of)
        report = build_report(snapshot, topic_id, moment, is_sandbox=source() == "sandbox")
        home = reports_dir() / topic_id if not topics or topic_id in topics else reports_dir() / ARCHIVE / topic_id
        return _write(report, home, version, built_from_path(snapshot) if as_of else None)
    finally:
        write_index(reports_dir())


def _write(report: Report, home: Path, version: str | None, built_from: Path | None) -> Written:
    """Write a report into a folder below ``home``, unless it is there: no other report is written over.

    built_from: the record of the marts of a requested moment. It also marks the report as requested: a refresh does not
    remove it (orchestration/defs/report), and it is left as it is even if another data version gives the same report.
    """
    moment = folder_name(report.as_of.replace(tzinfo=UTC))
    earlier = [
        one
        for one in report_folders(reports_dir())
        if one.path.parent == home and one.moment == moment and one.is_requested == (built_from is not None)
    ]
    latest = last_built(earlier)
    same = last_built(
        one
        for one in earlier
        if (built_from or one.data_version == version) and not one.is_unfinished and is_written(report, one.path)
    )
    folder = same.path if same else free_folder(home / (f"{moment}-{version}" if version else moment))
    before = same or latest
    write_report(report, folder, before.path if before else folder)
    if built_from and same is None:
        shutil.copyfile(built_from, folder / built_from.name)
    if same is None or built_from is None:
        write_record(folder, report.topic_name, now())
    return Written(report, folder, same is None)


def existing_topics() -> Collection[str]:
    """The ids of the topics in listening.yaml and in the published snapshot; none if listening.yaml cannot be read.

    Both: a new topic is not published yet, and the last publication still has a removed one.
    """
    with suppress(Problem):
        listed = {topic.id for topic in load_listening().topics}
        return listed.union(topics_of(serving_path()) if serving_path().exists() else ())
    return ()


def _require_posts(snapshot: Path, topic_id: str, as_of: datetime | None) -> None:
    """Raise NoPosts if a published topic has no posts."""
    with open_snapshot(snapshot) as connection:
        query = "select (select count(*) from marts.dim_topics where topic_id = $1), count(*) from marts.event_posts"
        topics, posts = connection.execute(f"{query} where topic_id = $1", [topic_id]).fetchone() or (0, 0)
    if topics and not posts:
        if unread_days(snapshot, topic_id).days:
            remedy = "name a later moment" if as_of else "run 'tingfeng refresh'"
            raise NoPosts(f"The posts of the topic {topic_id!r} were not read by its rules yet; {remedy}.")
        when = f" before {folder_name(as_of)}; name a later moment" if as_of else "; crawl or import its days"
        raise NoPosts(f"No post of the topic {topic_id!r} was published{when}.")


def the_topic(wanted: str | None) -> str:
    """The requested topic, or the only published one. Raises Problem if there are several or none."""
    if wanted:
        return wanted
    topics = topics_of(published_snapshot())
    if len(topics) != 1:
        raise Problem(f"Name a topic with --topic; published topics: {', '.join(topics) or 'none'}.")
    return topics[0]


def latest_reports() -> dict[str, Path]:
    """The Chinese page of the latest report of each topic that exists, by topic."""
    topics = existing_topics()
    folders = [
        one
        for one in report_folders(reports_dir())
        if not one.is_archived
        and not one.is_unfinished
        and (not topics or one.topic_id in topics)
        and (one.path / PAGES["zh"]).exists()
    ]
    return {
        topic_id: latest.path / PAGES["zh"]
        for topic_id in sorted({one.topic_id for one in folders})
        if (latest := last_built(one for one in folders if one.topic_id == topic_id))
    }


def print_pdf(page: Path) -> Path:
    """Print a page as PDF next to it with Chromium. Raises Problem if Chromium is missing or fails."""
    pdf = page.with_suffix(".pdf")
    draft = pdf.with_name(f".{pdf.name}.{os.getpid()}.tmp")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--disable-component-update", "--no-first-run", f"--user-data-dir={profile}"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={draft}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise Problem(f"Chromium did not print {page} within {PRINT_SECONDS} s.") from error
    if done.returncode or not draft.exists():
        raise Problem(f"Chromium could not print {page}: {done.stderr.strip()[-500:]}")
    return draft.rename(pdf)


def published_snapshot() -> Path:
    """The path of the published snapshot. Raises Problem if nothing is published."""
    if not serving_path().exists():
        raise Problem("Nothing is published yet; run 'tingfeng refresh' first.")
    return serving_path()
