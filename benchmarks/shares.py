"""python -m benchmarks.shares --data FOLDER: the error of sentiment shares, counted and corrected.

From each labelled set's dev rows (see orchestration/reading/sentiment/train.py) 2,000 resamples are drawn, each of
1,000 rows with a random balance of classes (uniform over all balances). The error is the distance, in points, of the
estimated negative share from the true share of the resample; the coverage is how often the interval contains the share
that the resample was drawn with.
"""

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from core.vocabulary import SENTIMENTS
from orchestration.reading.sentiment import load_classifier
from orchestration.reading.sentiment.train import REVIEWS, load_rows
from orchestration.statistics.shares import AS_TRAINED, CALIBRATED_ERROR, Calibration, corrected_shares, draw_audit

RESAMPLES, ROWS, AUDITED = 2_000, 1_000, 300
Z_90 = 1.644854


def judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Dev rows with the classifier's predictions, in the columns of corrected_shares and draw_audit."""
    classifier = load_classifier()
    dev = rows.filter("is_dev", ~pl.col("dataset").is_in(REVIEWS))
    names = dict(enumerate(SENTIMENTS))
    return dev.select("dataset", truth=pl.col("label").replace_strict(names, return_dtype=pl.String)).hstack(
        classifier.predict(dev["text"]).rename({"label": "model_sentiment"})
    )


def resample(rows: pl.DataFrame, rng: np.random.Generator) -> tuple[pl.DataFrame, float]:
    """ROWS rows with a random balance of classes, and the negative share of that balance."""
    balance = rng.dirichlet(np.ones(len(SENTIMENTS)))
    drawn = [
        rows.filter(pl.col("truth") == name).sample(count, with_replacement=True, seed=int(rng.integers(2**31)))
        for name, count in zip(SENTIMENTS, rng.multinomial(ROWS, balance), strict=True)
        if count
    ]
    posts = pl.concat(drawn).with_columns(
        platform=pl.lit("weibo"),
        post_id=pl.Series(rng.permutation(10**9 + np.arange(ROWS))).cast(pl.String),
        duplicate_group_id=pl.int_range(ROWS),
    )
    return posts, float(balance[0])


def measure(rows: pl.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    """The mean absolute errors of one data set, in points, and the coverage of the 90% interval."""
    errors: dict[str, list[float]] = {"counted": [], "labels alone": [], "ppi": [], "emq": [], "emq, set known": []}
    covered = []
    for _ in range(RESAMPLES):
        posts, drawn_with = resample(rows, rng)
        true = (posts["truth"] == "negative").mean()
        drawn = posts.join(
            draw_audit(posts, AUDITED), on=["platform", "post_id"], how="left", maintain_order="left"
        ).with_columns(analyst_sentiment=pl.when(pl.col("audit_weight").is_not_null()).then("truth"))
        ppi = corrected_shares(drawn, AS_TRAINED, Z_90)[0]
        unaided = drawn.with_columns(analyst_sentiment=pl.lit(None, pl.String), audit_weight=pl.lit(None, pl.Float64))
        by_chance = (posts.sample(AUDITED, seed=int(rng.integers(2**31)))["truth"] == "negative").mean()
        errors["counted"].append((posts["model_sentiment"] == "negative").mean() - true)
        errors["labels alone"].append(by_chance - true)
        errors["ppi"].append(ppi.share - true)
        errors["emq"].append(corrected_shares(unaided, AS_TRAINED)[0].share - true)
        own = Calibration(
            rows.select(pl.col(f"p_{name}").mean() for name in SENTIMENTS).to_numpy()[0], CALIBRATED_ERROR
        )
        errors["emq, set known"].append(corrected_shares(unaided, own)[0].share - true)
        covered.append(ppi.low <= drawn_with <= ppi.high)
    mean_errors = {name: 100 * float(np.mean(np.abs(values))) for name, values in errors.items()}
    return {
        **mean_errors,
        "ppi interval holds, %": 100 * float(np.mean(covered)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/sentiment"), help="folder of the labelled sets")
    rows = judged(load_rows(parser.parse_args().data))
    rng = np.random.default_rng(20260105)
    table = [
        {"data set": group["dataset"][0], **measure(group, rng)}
        for group in rows.partition_by("dataset", maintain_order=True)
    ]
    with pl.Config(
        tbl_rows=-1, tbl_cols=-1, tbl_width_chars=200, float_precision=2, tbl_formatting="ASCII_MARKDOWN",
        tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True,
    ):  # fmt: skip
        print(pl.DataFrame(table))


if __name__ == "__main__":
    main()
