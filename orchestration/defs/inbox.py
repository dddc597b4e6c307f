"""Imports files that are dropped into data/inbox/ and updates the marts."""

import dagster as dg

from core.environment import data_dir
from core.listening import load_listening
from orchestration.lib.catching_up import catch_up_after
from scrapers.importers.inbox import state_of, take_in, waiting


@dg.op(
    description="Imports the files in data/inbox/. Fails at the end if some could not be imported and were set aside."
)
def import_files(context: dg.OpExecutionContext) -> None:
    taken = take_in(data_dir(), context.log.info, load_listening().inbox.keep_days)
    for outcome in taken.imports:
        for tally in outcome.tallies:
            counts = f"{tally.kept} new, {tally.repeated} repeated, {tally.quarantined} quarantined"
            context.log.info(f"{tally.path.name}: {tally.problem or tally.skipped or counts}")
    if taken.set_aside:
        reasons = [f"{place}: {reason}" for place, reason in taken.set_aside.items()]
        raise dg.Failure(
            "These files could not be imported and were set aside:\n" + "\n".join(reasons), allow_retries=False
        )


@dg.job(description="Import the files that were dropped into data/inbox/.")
def import_inbox() -> None:
    import_files()


@dg.sensor(
    job=import_inbox,
    description="Imports files dropped into data/inbox/ once they are no longer being written.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def inbox(_: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    entries = waiting(data_dir())
    if not entries:
        return dg.SkipReason("the inbox is empty, or is being filled")
    # The run key prevents a second run for the same files while they are imported, or if they cannot be moved away.
    return dg.RunRequest(run_key=state_of(entries))


_ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]  # a failed import may have imported other files


@dg.sensor(
    job_name="catch_up",
    description="Brings the marts up to date when an import of the inbox has ended.",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def imported(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    return catch_up_after(
        context,
        import_inbox.name,
        _ENDED,
        not_run="nothing was imported since the last run",
        nothing_new="the import brought nothing new",
    )
