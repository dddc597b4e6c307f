"""make report: a topic's report as HTML in two languages, its ledger, its figures for make reconcile, and a PDF.

    data/reports/<topic>/<moment, Asia/Shanghai>/report.html  report.en.html  report.pdf  figures.parquet  figures.json

Without AS_OF it is made from the published snapshot, as of the last observation that it holds; with one, from marts
that are built again as of that moment.
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from core.environment import EnvironmentProblem, chromium, now, source
from core.storage.paths import serving_path
from orchestration.publishing.as_of import AsOfProblem, build_as_of, folder_name, parse_moment, reports_dir
from orchestration.reporting.event_report import LANGUAGES, PAGES, Report, build_report, write_report
from orchestration.reporting.ledger import topics_of
from orchestration.reporting.verification import VerificationProblem

# Printing the sandbox's report takes 3 s; a browser that hangs is given up.
PRINT_SECONDS = 120


class ReportProblem(Exception):
    """Something that a person has to mend; the message names it and the remedy."""


class Written(NamedTuple):
    """A report and where it lies."""

    report: Report
    folder: Path


def make_report(topic_id: str, as_of: datetime | None = None, tell: Callable[[str], None] = print) -> Written:
    """Write a topic's report; as_of in UTC, by default what is published. tell: gets a line for each step.

    Raises ReportProblem where nothing is published or the topic is unknown, AsOfProblem where the marts as of a moment
    cannot be built, VerificationProblem where a number has no figure behind it.
    """
    if as_of:
        as_of = as_of.replace(microsecond=0)
        snapshot, moment = build_as_of(as_of, topic_id, tell), as_of.astimezone(UTC).replace(tzinfo=None)
    else:
        snapshot, moment = _published(), None
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
    topics = topics_of(_published())
    if len(topics) != 1:
        raise ReportProblem(f"Name a topic with TOPIC=id; there are: {', '.join(topics) or 'none'}.")
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


def _published() -> Path:
    if not serving_path().exists():
        raise ReportProblem("Nothing is published yet; run 'make refresh' first.")
    return serving_path()


def main() -> int:
    parser = argparse.ArgumentParser(description="Write a topic's report.")
    parser.add_argument("--topic", help="the topic's id; may be left out where there is only one")
    parser.add_argument("--as-of", help="a moment, such as 2026-01-06T12:00, Asia/Shanghai unless it has a zone")
    parser.add_argument("--language", choices=LANGUAGES, default="zh", help="of the PDF, and of the page that is named")
    arguments = parser.parse_args()
    try:
        as_of = parse_moment(arguments.as_of, now()) if arguments.as_of else None
        report, folder = make_report(the_topic(arguments.topic), as_of)
    except (AsOfProblem, EnvironmentProblem, ReportProblem, VerificationProblem) as problem:
        print(f"report: {problem}", file=sys.stderr)
        return 1
    page = folder / PAGES[arguments.language]
    print(report.headline[arguments.language])
    print(f"\nReport:  {page}")
    try:
        print(f"PDF:     {print_pdf(page)}")
    except EnvironmentProblem as problem:
        print(f"No PDF:  {problem}")
    others = sorted(path.name for path in folder.iterdir() if path.name.startswith(("report", "figures")))
    print(f"Beside:  {', '.join(name for name in others if name != page.name)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
