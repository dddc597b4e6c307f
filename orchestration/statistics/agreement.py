"""Labellers who judged the same: where they contradict each other, and how much they agree."""

from itertools import combinations

import polars as pl

AGREEMENT = pl.Schema(
    {
        "labeller": pl.String(),
        "other": pl.String(),
        "both": pl.Int64(),  # subjects that both labelled
        "same": pl.Int64(),  # of these, with the same label
        "kappa": pl.Float64(),  # null: not defined
    }
)


def contradictions(labels: pl.DataFrame) -> pl.DataFrame:
    """The labels of all subjects that have different ones, sorted by subject.

    labels: subject, label and more columns, which are kept; the order of a subject's labels stays.
    """
    return labels.filter(pl.col("label").n_unique().over("subject") > 1).sort("subject", maintain_order=True)


def agreement(labels: pl.DataFrame) -> pl.DataFrame:
    """The agreement of each pair of labellers who labelled the same subjects, in the schema AGREEMENT.

    labels: subject, label, labeller; of a labeller's labels of a subject the last counts. Labels without a labeller are
    left out.
    """
    last = labels.drop_nulls("labeller").unique(["subject", "labeller"], keep="last", maintain_order=True)
    rows = []
    for one, other in combinations(last["labeller"].unique().sort(), 2):
        both = last.filter(labeller=one).join(last.filter(labeller=other), on="subject")
        if both.height:
            same = int((both["label"] == both["label_right"]).sum())
            rows.append((one, other, both.height, same, cohens_kappa(both["label"], both["label_right"])))
    return pl.DataFrame(rows, schema=AGREEMENT, orient="row")


def cohens_kappa(labels: pl.Series, others: pl.Series) -> float | None:
    """Cohen's kappa (1960): (p_o - p_e) / (1 - p_e).

    p_o: share of equal labels. p_e: share that labellers with these shares of labels would have by chance. 1 is full
    agreement, 0 agreement by chance. None if both use one label only, the same: then p_e is 1.
    """
    observed = float((labels == others).mean())  # type: ignore[arg-type]  # of booleans, and not empty
    shares = [dict(column.value_counts(normalize=True).iter_rows()) for column in (labels, others)]
    expected = sum(share * shares[1].get(label, 0.0) for label, share in shares[0].items())
    return (observed - expected) / (1 - expected) if expected < 1 else None
