"""Synthetic analysts' labels of the sandbox's event."""

import csv
import os
from datetime import UTC, datetime
from pathlib import Path

from sandbox import event

LABELLED_AT = datetime(2026, 1, 7, 2, tzinfo=UTC)  # the morning after the event's window, in China
LABEL_COLUMNS = ("platform", "post_id", "sentiment", "labeller", "labelled_at")


def write_labels(path: Path) -> None:
    """Write the label of each of the event's posts as CSV with LABEL_COLUMNS (times in UTC), atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with draft.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(LABEL_COLUMNS)
            for post in event.corpus():
                if post.in_event:
                    writer.writerow((post.platform, post.post_id, post.sentiment, "synthetic", LABELLED_AT.isoformat()))
        draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
