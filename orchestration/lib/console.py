"""The format of a run's log lines in a terminal: time, step, message."""

import logging
import os

import dagster as dg


class _StepFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        metadata: dict[str, object] = getattr(record, "dagster_meta", {})
        record.step = metadata.get("step_key") or metadata.get("job_name") or ""
        record.msg, record.args = (
            metadata.get("orig_message", record.msg),
            None,
        )  # without job, run id and step, which Dagster prepends
        return super().format(record) + _reason(metadata.get("dagster_event"))


def _reason(event: object) -> str:
    """The reason why a step failed, on its own line; the stack trace is in the run's log."""
    if not isinstance(event, dg.DagsterEvent) or not event.is_step_failure:
        return ""
    return f"\n    {reason_of_failure(event)}"


def reason_of_failure(event: dg.DagsterEvent) -> str:
    """What the exception says that made a step fail."""
    error = event.step_failure_data.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error is not None else ""


# Lines of Dagster's own machinery, which tell an operator nothing.
_MACHINERY = (
    "[pipes] external process successfully opened",
    "A dbt subsetted execution",
    "Copying `",
    "Dependencies for step",  # names each model that was not built
)


def _is_of_interest(record: logging.LogRecord) -> bool:
    metadata: dict[str, object] = getattr(record, "dagster_meta", {})
    return not str(metadata.get("orig_message", record.msg)).startswith(_MACHINERY)


class _StandardError:
    """File descriptor 2, whatever sys.stderr is: commands put a pipe there to show the lines in their way (runs.py)."""

    def write(self, text: str) -> int:
        return os.write(2, text.encode("utf-8", "replace"))

    def flush(self) -> None:
        """Nothing is buffered."""


@dg.logger(None, description="Time, step and message, a line each, on stderr.")
def console(_: dg.InitLoggerContext) -> logging.Logger:
    logger = logging.Logger("tingfeng", logging.INFO)
    handler = logging.StreamHandler(_StandardError())
    handler.addFilter(_is_of_interest)
    handler.setFormatter(_StepFormatter("%(asctime)s %(step)s: %(message)s", "%H:%M:%S"))
    logger.addHandler(handler)
    return logger
