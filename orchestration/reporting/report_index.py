"""data/reports/index.html: all reports by topic, the latest first, and the archive. Chinese, with English beside."""

from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from core.calendar import in_china
from core.storage.files import write_text_synced
from orchestration.reporting import palette
from orchestration.reporting.event_report import PAGES
from orchestration.reporting.report_folders import ReportFolder, last_built, report_folders
from orchestration.reporting.templating import template

INDEX = "index.html"
_SHOWN = 10  # reports of a topic that are listed at once; the others are folded


class _Row(NamedTuple):
    """A report in the index. links: text and address."""

    moment: str
    data_version: str
    built_at: str
    is_requested: bool
    is_latest: bool
    links: list[tuple[str, str]]


class _Topic(NamedTuple):
    topic_id: str
    name: str  # "" if no report of it has a record
    rows: list[_Row]


def write_index(reports: Path) -> None:
    """Write the index into the folder of the reports, if there is any report."""
    folders = [one for one in report_folders(reports) if not one.is_unfinished and (one.path / PAGES["zh"]).exists()]
    if not folders:
        (reports / INDEX).unlink(missing_ok=True)
        return
    page = template("report_index.html").render(
        css_variables=palette.CSS_VARIABLES,
        shown=_SHOWN,
        parts=[(False, _topics(folders, reports, archived=False)), (True, _topics(folders, reports, archived=True))],
    )
    write_text_synced(reports / INDEX, page, mode=0o600)


def _topics(folders: list[ReportFolder], reports: Path, *, archived: bool) -> list[_Topic]:
    chosen = sorted((one for one in folders if one.is_archived == archived), key=lambda one: one.topic_id)
    topics = []
    for topic_id, group in groupby(chosen, key=lambda one: one.topic_id):
        ones = list(group)
        names = [one.topic_name for one in sorted(ones, key=lambda one: str(one.built_at or "")) if one.topic_name]
        latest = None if archived else last_built(ones)
        rows = [_row(one, reports, is_latest=one == latest) for one in ones]
        rows.sort(key=lambda row: (row.moment, row.built_at), reverse=True)
        topics.append(_Topic(topic_id, names[-1] if names else "", rows))
    return topics


def _row(one: ReportFolder, reports: Path, *, is_latest: bool) -> _Row:
    files = {"中文": PAGES["zh"], "English": PAGES["en"], "PDF": "report.pdf", "PDF (en)": "report.en.pdf"}
    place = one.path.relative_to(reports).as_posix()
    return _Row(
        moment=_as_time(one.moment),
        data_version=one.data_version or "—",
        built_at=f"{in_china(one.built_at):%Y-%m-%d %H:%M}" if one.built_at else "—",
        is_requested=one.is_requested,
        is_latest=is_latest,
        links=[(text, f"{place}/{name}") for text, name in files.items() if (one.path / name).exists()],
    )


def _as_time(moment: str) -> str:
    """2026-01-06T120000 as 2026-01-06 12:00:00."""
    day, _, time = moment.partition("T")
    return f"{day} {time[:2]}:{time[2:4]}:{time[4:]}" if len(time) == len("120000") else moment
