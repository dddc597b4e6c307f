"""A topic's report as HTML in two languages, its ledger, its figures for 'tingfeng reconcile', and a PDF.

    data/reports/<topic>/<moment, Asia/Shanghai>/report.html  report.en.html  report.pdf  figures.parquet  figures.json

Without a moment it is made from the published snapshot, as of the last observation that it holds; with one, from marts
that are built again as of that moment.
"""

import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.environment import EnvironmentProblem, chromium, source
from core.problems import Problem
from core.storage.paths import serving_path
from orchestration.publishing.as_of import build_as_of, folder_name, reports_dir
from orchestration.reporting.event_report import PAGES, Report, build_report, write_report
from orchestration.reporting.ledger import topics_of

# Printing the sandbox's report takes 3 s; a browser that hangs is given up.
PRINT_SECONDS = 120


class ReportProblem(Problem):
    """Something that a person has to mend; the message names it and the remedy."""


class Written(NamedTuple):
    """A report and where it lies."""

    report: Report
    folder: Path


def make_report(topic_id: str, as_of: datetime | None = None, tell: Callable[[str], None] = print) -> Written:
    """Write a topic's report; as_of in UTC, by default what is published. tell: gets a line for each step.

    Raises ReportProblem where nothing is published or the topic is unknown, Problem where the marts as of a moment
    cannot be built, VerificationProblem where a number has no figure behind it.
    """
    if as_of:
        as_of = as_of.replace(microsecond=0)
        snapshot, moment = build_as_of(as_of, topic_id, tell), as_of.astimezone(UTC).replace(tzinfo=None)
    else:
        snapshot, moment = published_snapshot(), None
    try:
        report = build_report(snapshot, topic_id, moment, is_sandbox=source() == "sandbox")
    except ValueError as error:
        raise ReportProblem(str(error)) from error
    folder = reports_dir() / topic_id / folder_name(report.as_of.replace(tzinfo=UTC))
    write_report(report, folder)
    return Written(report, folder)


def the_topic(wanted: str | None) -> str:
    """The topic asked for, or the only one there is. Raises ReportProblem where there are several, or none."""
    if wanted:
        return wanted
    topics = topics_of(published_snapshot())
    if len(topics) != 1:
        raise ReportProblem(f"Name a topic with --topic; there are: {', '.join(topics) or 'none'}.")
    return topics[0]


def latest_reports() -> dict[str, Path]:
    """The Chinese page of each topic's latest report, by topic."""
    pages = sorted(reports_dir().glob(f"*/*/{PAGES['zh']}"))
    return {page.parent.parent.name: page for page in pages}


def print_pdf(page: Path) -> Path:
    """A page as PDF beside it, by Debian's Chromium. Raises EnvironmentProblem where it is not installed or fails."""
    pdf = page.with_suffix(".pdf")
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        command += ["--disable-component-update", "--no-first-run", f"--user-data-dir={profile}"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={pdf}", page.as_uri()]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PRINT_SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise EnvironmentProblem(f"Chromium did not print {page} within {PRINT_SECONDS} s.") from error
    if done.returncode or not pdf.exists():
        raise EnvironmentProblem(f"Chromium could not print {page}: {done.stderr.strip()[-500:]}")
    return pdf


def published_snapshot() -> Path:
    """The published snapshot. Raises ReportProblem where nothing is published."""
    if not serving_path().exists():
        raise ReportProblem("Nothing is published yet; run 'tingfeng refresh' first.")
    return serving_path()
