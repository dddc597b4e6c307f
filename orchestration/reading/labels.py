"""Reads the labels that analysts gave to posts.

    data/labels/*.csv             platform,post_id,sentiment,labeller,labelled_at
                                  weibo,5252110000000001,negative,analyst-1,2026-01-07 10:30

    data/labels/audit/*.csv       platform,post_id,audit_weight,sentiment,labeller,labelled_at,...
                                  weibo,5252110000000001,7.5,negative,analyst-1,2026-01-07 10:30,...

    data/labels/relevance/*.csv   platform,post_id,text,topic_id,relevant
                                  weibo,5252110000000001,,xiaomi_kol,no
                                  ,,早上一碗小米粥,xiaomi_kol,no

The posts of an audit were drawn at random ('tingfeng audit'), and each represents audit_weight posts; rows with a blank
sentiment are not labelled yet. A relevance label names a post, and then decides its relevance, or a text to train on,
or both; a column labeller is optional, for the agreement that 'tingfeng labels' prints. The files are in UTF-8. Further
columns are for the labeller and are ignored.
"""

import csv
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from core.calendar import CHINA
from core.platforms import PLATFORMS
from core.problems import Problem
from core.spreadsheets import text_of
from core.vocabulary import SENTIMENTS

LABELS = pl.Schema(
    {
        "platform": pl.String(),
        "post_id": pl.String(),
        "sentiment": pl.String(),
        "labeller": pl.String(),
        "labelled_at": pl.Datetime("us", "UTC"),
        "audit_weight": pl.Float64(),  # null: the post was not drawn for an audit
    }
)
RELEVANCE_LABELS = pl.Schema(
    {
        "platform": pl.String(),  # null, like post_id, if only a text was labelled
        "post_id": pl.String(),
        "text": pl.String(),  # null: to be looked up
        "topic_id": pl.String(),
        "relevant": pl.Boolean(),
    }
)
# Where a label stands.
_PLACE = {"file": pl.String(), "line": pl.Int64()}
PLACED_LABELS = pl.Schema({**LABELS, **_PLACE})
PLACED_RELEVANCE_LABELS = pl.Schema({**RELEVANCE_LABELS, "labeller": pl.String(), **_PLACE})
_RELEVANT = {"yes": True, "no": False}
_Label = tuple[str, str, str, str, datetime, float | None]
_RelevanceLabel = tuple[str | None, str | None, str | None, str, bool, str | None]
_Row = TypeVar("_Row", bound=tuple[Any, ...])
_OPTIONAL = ("labeller",)  # columns that a file may lack, unless its kind of label requires them
_MOST_PROBLEMS = 20  # lines of a message
_MANGLED_ID = re.compile(r"^\d(\.\d+)?E\+\d+$")  # 5.25211E+15


class LabelProblem(Problem):
    """Labels cannot be used; the message has a line per problem with the file, the line and the remedy."""


def load_labels(folder: Path) -> pl.DataFrame:
    """The valid labels in the schema LABELS: one per post, sorted by platform and post_id; none if there is no folder.

    Labels of audits are in folder/audit. The label with the latest labelled_at wins, and among equal times the last by
    file name and line. A post that was drawn for an audit keeps its audit_weight, whatever label it gets later. Times
    without a zone are in Asia/Shanghai. Raises LabelProblem.
    """
    last = pl.exclude("platform", "post_id", "audit_weight").last()
    return (
        all_labels(folder)
        .select(list(LABELS))
        .group_by("platform", "post_id", maintain_order=True)
        .agg(last, pl.col("audit_weight").drop_nulls().last())
        .sort("platform", "post_id")
    )


def all_labels(folder: Path) -> pl.DataFrame:
    """All valid labels in the schema PLACED_LABELS. Of the labels of a post the last counts. Raises LabelProblem."""
    written = [name for name in LABELS if name != "audit_weight"]
    labels = _read(folder, written, _label) + _read(folder / "audit", list(LABELS), _audit_label)
    return pl.DataFrame(labels, schema=PLACED_LABELS, orient="row").sort("labelled_at", maintain_order=True)


def load_relevance_labels(folder: Path) -> pl.DataFrame:
    """The valid labels in the schema RELEVANCE_LABELS, in the order of the files; none if there is no folder.

    The last label of a post and topic, by file name and line, wins. Raises LabelProblem.
    """
    labels = all_relevance_labels(folder).select(list(RELEVANCE_LABELS))
    posts = labels.drop_nulls("post_id").unique(["platform", "post_id", "topic_id"], keep="last", maintain_order=True)
    return pl.concat([posts, labels.filter(pl.col("post_id").is_null())])


def all_relevance_labels(folder: Path) -> pl.DataFrame:
    """All valid labels in the schema PLACED_RELEVANCE_LABELS, in the order of the files. Raises LabelProblem."""
    labels = _read(folder, list(RELEVANCE_LABELS), _relevance_label)
    return pl.DataFrame(labels, schema=PLACED_RELEVANCE_LABELS, orient="row")


def _read(
    folder: Path, columns: Sequence[str], parse: Callable[[Mapping[str, str]], _Row | None]
) -> list[tuple[Any, ...]]:
    """The parsed rows of all files of a folder that are labels, each with its file and line.

    Raises LabelProblem, with a line for each invalid row.
    """
    labels: list[tuple[Any, ...]] = []
    problems: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        try:
            for line, row in _rows(path, columns):
                try:
                    label = parse(row)
                except LabelProblem as problem:
                    problems.append(f"{path}: line {line}: {problem}")
                else:
                    if label is not None:
                        labels.append((*label, str(path), line))
        except LabelProblem as problem:
            problems.append(f"{path}: {problem}")
    if problems:
        more = len(problems) - _MOST_PROBLEMS
        raise LabelProblem("\n".join(problems[:_MOST_PROBLEMS] + [f"... and {more} more"] * (more > 0)))
    return labels


def _rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The rows of a file, each with the number of its last line; blank lines are skipped."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise LabelProblem(
                    f"line 1: no column {', '.join(missing)}; name the columns {','.join(columns)} there"
                )
            for row in reader:
                yield reader.line_num, {name: text_of(row.get(name) or "").strip() for name in (*columns, *_OPTIONAL)}
    except UnicodeDecodeError as error:
        raise LabelProblem("not in UTF-8; save it as “CSV UTF-8”") from error
    except csv.Error as error:
        raise LabelProblem(f"not a valid CSV file ({error}); save it as “CSV UTF-8” again") from error


def _check_post(row: Mapping[str, str]) -> None:
    if row["platform"] not in PLATFORMS:
        raise LabelProblem(f"platform {row['platform']!r} is not one of {', '.join(PLATFORMS)}; correct it")
    if not row["post_id"]:
        raise LabelProblem("no post_id; copy it from the post")
    if _MANGLED_ID.match(row["post_id"]):
        raise LabelProblem(
            f"post_id {row['post_id']!r} was rounded by a spreadsheet; format that column as text and copy the id again"
        )


def _relevance_label(row: Mapping[str, str]) -> _RelevanceLabel:
    if not row["text"] or row["platform"] or row["post_id"]:
        _check_post(row)
    if not row["topic_id"]:
        raise LabelProblem("no topic_id; copy it from listening.yaml")
    if row["relevant"].lower() not in _RELEVANT:
        raise LabelProblem(f"relevant {row['relevant']!r} is neither yes nor no; correct it")
    return (
        row["platform"] or None,
        row["post_id"] or None,
        row["text"] or None,
        row["topic_id"],
        _RELEVANT[row["relevant"].lower()],
        row["labeller"] or None,
    )


def _label(row: Mapping[str, str]) -> _Label:
    _check_post(row)
    if row["sentiment"] not in SENTIMENTS:
        raise LabelProblem(f"sentiment {row['sentiment']!r} is not one of {', '.join(SENTIMENTS)}; correct it")
    if not row["labeller"]:
        raise LabelProblem("no labeller; enter who labelled the post")
    try:
        moment = datetime.fromisoformat(row["labelled_at"])
    except ValueError:
        raise LabelProblem(
            f"labelled_at {row['labelled_at']!r} is not a valid time; write it as YYYY-MM-DD HH:MM"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=CHINA)
    return row["platform"], row["post_id"], row["sentiment"], row["labeller"], moment.astimezone(UTC), None


def _audit_label(row: Mapping[str, str]) -> _Label | None:
    """The label of a row of an audit; None if the post is not labelled yet."""
    if not row["sentiment"]:
        return None
    platform, post_id, sentiment, labeller, labelled_at, _ = _label(row)
    try:
        weight = float(row["audit_weight"])
    except ValueError:
        weight = math.nan
    if not 1 <= weight < math.inf:
        raise LabelProblem(
            f"audit_weight {row['audit_weight']!r} is not a number from 1 up; copy it from the audit's file"
        )
    return platform, post_id, sentiment, labeller, labelled_at, weight
