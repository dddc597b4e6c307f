"""``tingfeng labels`` in lines: what contradicts, which posts are not known, and how much labellers agree."""

from pathlib import Path

import polars as pl

from core.calendar import TIMEZONE
from orchestration.reading.labelled_days import days_of_posts
from orchestration.reading.labels import all_labels, all_relevance_labels
from orchestration.reporting.console import markdown
from orchestration.statistics.agreement import agreement, contradictions

_RULE = (
    "The latest label of a post counts, by labelled_at; of equal times the last by file and line, and those in audit/ "
    "come after the others. Correct the file, or add a label with a later time."
)
_RELEVANCE_RULE = (
    "The last label of a post and topic counts, by file and line. Of a text that is labelled without a post all labels "
    "count: a model learns from each."
)
_UNKNOWN = "They change nothing. Collect or import these posts, or correct platform and post_id."
_TEXT = 60  # characters of a labelled text that are shown
_KAPPA = "Kappa (Cohen) is 1 if all labels are the same, and 0 if as many are as chance would make so."


def review_lines(data_dir: Path, labels: Path, relevance_labels: Path) -> list[str]:
    """The review of all labels. labels, relevance_labels: their folders, in data_dir. Raises LabelProblem.

    Files are named by their path in the data folder.
    """
    in_data = pl.col("file").str.strip_prefix(f"{data_dir}/")
    of_sentiment = all_labels(labels).select(
        pl.exclude("file"),
        file=in_data,
        subject=_post(),
        shown=_post(),
        label="sentiment",
        at=pl.col("labelled_at").dt.convert_time_zone(TIMEZONE),
    )
    text = pl.col("text").str.replace_all(r"\s+", " ")
    text_shown = pl.when(text.str.len_chars() > _TEXT).then(text.str.head(_TEXT) + "…").otherwise(text)
    of_relevance = all_relevance_labels(relevance_labels).select(
        pl.exclude("file"),
        file=in_data,
        subject=_of_topic("text"),
        shown=_of_topic(text_shown),
        label=pl.when("relevant").then(pl.lit("yes")).otherwise(pl.lit("no")),
        at=pl.lit(None, pl.Datetime),
    )
    if of_sentiment.is_empty() and of_relevance.is_empty():
        return [f"No labels in {labels} and {relevance_labels}."]
    return [
        *_lines("sentiment", of_sentiment, data_dir, _RULE),
        *_lines("relevance", of_relevance, data_dir, _RELEVANCE_RULE),
    ]


def _post() -> pl.Expr:
    return pl.concat_str("platform", "post_id", separator=":")


def _of_topic(text: str | pl.Expr) -> pl.Expr:
    """The post of a relevance label, or a text if it has none, and its topic."""
    return pl.concat_str(pl.coalesce(_post(), text), "topic_id", separator=" | ")


def _lines(kind: str, labels: pl.DataFrame, data_dir: Path, rule: str) -> list[str]:
    """The sections on one kind of labels; none without labels."""
    if labels.is_empty():
        return []
    named = labels["labeller"].drop_nulls().n_unique()
    by = f" by {named:,} labeller{'s' if named > 1 else ''}" if named else ""
    subjects = labels["subject"].n_unique()
    return [
        f"Labels of {kind}: {labels.height:,}{by}, on {subjects:,} posts or texts.",
        *_contradictions(labels, rule),
        *_unknown(labels, data_dir),
        *_agreement(labels),
        "",
    ]


def _place() -> pl.Expr:
    return pl.format("{}:{}", "file", "line").alias("file and line")


def _contradictions(labels: pl.DataFrame, rule: str) -> list[str]:
    found = contradictions(labels)
    if found.is_empty():
        return ["", "No contradictions."]
    is_last = pl.int_range(pl.len()).over("subject") == pl.len().over("subject") - 1
    shown = found.select(
        pl.col("shown").alias("subject"),
        "label",
        "labeller",
        pl.col("at").dt.strftime("%Y-%m-%d %H:%M").alias("labelled_at"),
        counts=pl.when(is_last | pl.col("post_id").is_null()).then(pl.lit("yes")).otherwise(pl.lit("")),
    ).with_columns(found.select(_place()).to_series())
    return ["", f"Contradictions: {found['subject'].n_unique():,}", _table(shown), rule]


def _unknown(labels: pl.DataFrame, data_dir: Path) -> list[str]:
    of_posts = labels.drop_nulls("post_id")
    known = days_of_posts(data_dir, of_posts)
    unknown = of_posts.join(known, on=["platform", "post_id"], how="anti").sort("file", "line")
    if unknown.is_empty():
        return ["", "All labelled posts are in raw."]
    shown = unknown.group_by("file", "platform", maintain_order=True).agg(
        labels=pl.len(), posts=pl.col("post_id").n_unique(), first=pl.format("{} (line {})", "post_id", "line").first()
    )
    posts = unknown.select("platform", "post_id").n_unique()
    return [
        "",
        f"Labels of posts that raw does not have: {unknown.height:,}, of {posts:,} posts",
        _table(shown),
        _UNKNOWN,
    ]


def _agreement(labels: pl.DataFrame) -> list[str]:
    found = agreement(labels)
    if found.is_empty():
        return ["", "No two labellers labelled the same, so their agreement is not known."]
    return ["", "Agreement of labellers", _table(found.with_columns(pl.col("kappa").round(3))), _KAPPA]


def _table(frame: pl.DataFrame) -> str:
    """As Markdown; missing cells are empty."""
    return markdown(frame.with_columns(pl.all().cast(pl.String).fill_null("")))
