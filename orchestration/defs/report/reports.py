"""report/<topic>: the report of a topic, from the published snapshot."""

import base64
import shutil
from pathlib import Path

import dagster as dg

from core.listening import Topic, load_listening
from core.storage.paths import reports_dir
from orchestration.reporting.deletions import deletions_in
from orchestration.reporting.event_report import PAGES
from orchestration.reporting.report_folders import LEDGER, read_folder
from orchestration.reporting.report_index import write_index
from orchestration.reporting.reports import NoPosts, make_report
from orchestration.reporting.svg import png


def event_report(topic: Topic) -> dg.AssetsDefinition:
    """The report asset of a topic. Its metadata shows the headline and the first chart of the report."""

    @dg.asset(
        key=["report", topic.id],
        deps=[dg.AssetKey(["serving", "marts"])],
        group_name="report",
        kinds={"html"},
        description=f"The report on {topic.name}; every number comes with its SQL and its posts.",
    )
    def report(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        try:
            written = make_report(topic.id, log=context.log.info)
        except NoPosts as problem:
            # Not a failure of the run: the topic may be new, or all its files may be lost, which has its own warnings.
            context.log.warning(str(problem))
            return dg.MaterializeResult(metadata={"report": f"none: {problem}"})
        for removed in keep_last_of_day(written.folder):
            context.log.info(f"removed {removed}: another report of the same day")
        write_index(reports_dir())
        picture = written.report.picture
        shown = {"picture": dg.MetadataValue.md(_markdown(picture))} if picture else {}
        return dg.MaterializeResult(
            metadata={
                "headline": dg.MetadataValue.md(written.report.headline["zh"]),
                **shown,
                "report": dg.MetadataValue.path(str(written.folder / PAGES["zh"])),
                "figures": len(written.report.ledger.figures),
            }
        )

    return report


def keep_last_of_day(folder: Path) -> list[Path]:
    """Remove the other reports of the same day and data version that a refresh made; return the removed folders.

    Hourly reports take 30 MB a day. Reports of another data version are kept, since their figures differ for another
    reason than time; so are reports that somebody requested as of a moment, and those with figures that a deletion on
    request has changed, since their marks say so.
    """
    kept = read_folder(folder)
    day = folder.name[: len("2026-01-01")]
    # Also those with a later time: a file with the last observations may be lost.
    others = [read_folder(path) for path in sorted(folder.parent.glob(f"{day}T*")) if path != folder]
    replaced = [
        one.path
        for one in others
        if one.data_version == kept.data_version and not one.is_requested and deletions_in(one.path / LEDGER) is None
    ]
    for path in replaced:
        shutil.rmtree(path)
    return replaced


def _markdown(svg: str) -> str:
    return f"![声量](data:image/png;base64,{base64.b64encode(png(svg)).decode()})"


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[event_report(topic) for topic in load_listening().topics])
