"""Reports as files: HTML in two languages, the ledger, the figures for 'tingfeng reconcile', and a PDF.

    data/reports/<topic>/<moment, Asia/Shanghai>/report.html  report.en.html  report.pdf  figures.parquet  figures.json

Without a moment the report is made from the published snapshot, as of its last observation; with a moment, from marts
that are rebuilt as of that moment, and the folder also holds their built_from.json.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.environment import chromium, source
from core.problems import Problem
from core.storage.paths import reports_dir, serving_path
from orchestration.publishing.as_of import build_as_of, built_from_path, folder_name
from orchestration.reporting.event_report import PAGES, Report, build_report, write_report
from orchestration.reporting.ledger import open_snapshot, recency, topics_of

# Timeout of the browser; printing the sandbox's report takes 3 s.
PRINT_SECONDS = 120


class Written(NamedTuple):
    """A report and the folder that it was written to."""

    report: Report
    folder: Path


class NoPosts(Problem):
    """A published topic has no posts: there is nothing to report."""


def make_report(topic_id: str, as_of: datetime | None = None, log: Callable[[str], None] = print) -> Written:
    """Write the report of a topic. as_of: with a time zone; by default the published snapshot is used.

    ``log`` receives a line per step. Raises NoPosts if the topic has no posts; Problem if nothing is published, the
    topic is unknown, or the marts as of the moment cannot be built; VerificationProblem if a printed number is not a
    figure of the ledger.
    """
    if as_of:
        as_of = as_of.replace(microsecond=0)
        snapshot, moment = build_as_of(as_of, topic_id, log), as_of.astimezone(UTC).replace(tzinfo=None)
    else:
        snapshot, moment = published_snapshot(), None
    _require_posts(snapshot, topic_id, as_of)
    report = build_report(snapshot, topic_id, moment, is_sandbox=source() == "sandbox")
    folder = reports_dir() / topic_id / folder_name(report.as_of.replace(tzinfo=UTC))
    write_report(report, folder)
    if as_of:
        # Also marks the report as requested: a refresh does not remove it (orchestration/defs/report).
        shutil.copyfile(built_from_path(snapshot), folder / built_from_path(snapshot).name)
    return Written(report, folder)


def _require_posts(snapshot: Path, topic_id: str, as_of: datetime | None) -> None:
    """Raise NoPosts if a published topic has no posts."""
    with open_snapshot(snapshot) as connection:
        query = "select (select count(*) from marts.dim_topics where topic_id = $1), count(*) from marts.event_posts"
        topics, posts = connection.execute(f"{query} where topic_id = $1", [topic_id]).fetchone() or (0, 0)
    if topics and not posts:
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
    """The Chinese page of each topic's latest report, by topic."""
    pages = sorted(reports_dir().glob(f"*/*/{PAGES['zh']}"), key=recency)
    return {page.parent.parent.name: page for page in pages}


def print_pdf(page: Path) -> Path:
    """Print a page as PDF next to it with Chromium. Raises Problem if Chromium is missing or fails."""
    pdf = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--disable-component-update", "--no-first-run", f"--user-data-dir={profile}"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise Problem(f"Chromium did not print {page} within {PRINT_SECONDS} s.") from error
    if done.returncode or not pdf.exists():
        raise Problem(f"Chromium could not print {page}: {done.stderr.strip()[-500:]}")
    return pdf


def published_snapshot() -> Path:
    """The path of the published snapshot. Raises Problem if nothing is published."""
    if not serving_path().exists():
        raise Problem("Nothing is published yet; run 'tingfeng refresh' first.")
    return serving_path()
