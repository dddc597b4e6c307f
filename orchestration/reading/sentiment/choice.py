"""The choice of the sentiment model: TINGFENG_SENTIMENT."""

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import polars as pl

from core.problems import Problem
from orchestration.reading.sentiment import classifier
from orchestration.reading.sentiment.onnx_model import OnnxModel

VARIABLE = "TINGFENG_SENTIMENT"


class SentimentModel(Protocol):
    """The interface of a sentiment model. A change of ``model_id`` makes every day stale."""

    model_id: str

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """One row per text, in order, in the schema PREDICTIONS."""


def load_classifier() -> SentimentModel:
    """The model that TINGFENG_SENTIMENT names: 'embedded' (default), 'embedded:<file>' or 'onnx:<folder>'.

    The file holds weights that were trained on the user's own labels (train.py). Raises Problem for any
    other value, and Problem for a file or folder that cannot be used. A process loads a model once, and again if its
    files have changed: the daemon must see that a model was trained again.
    """
    value = os.environ.get(VARIABLE, "").strip() or "embedded"
    kind, _, place = value.partition(":")
    path = Path(place).expanduser().resolve()
    if value == "embedded":
        return _load_embedded(classifier.WEIGHTS, _state([classifier.WEIGHTS]))
    if kind == "embedded" and path.is_file():
        return _load_embedded(path, _state([path]))
    if kind == "onnx" and place:
        return _load_onnx(path, _state(path.glob("*")))
    what = f", and there is no file {path}" if kind == "embedded" and place else ""
    raise Problem(
        f"{VARIABLE} is {value!r}{what}; set it to 'embedded', to 'embedded:<file>' with a file that "
        "'tingfeng train sentiment' wrote, or to 'onnx:<folder>' with the folder of an exported model."
    )


_State = frozenset[tuple[str, int, int]]  # of the files of a model: name, time in nanoseconds, size


def _state(files: Iterable[Path]) -> _State:
    stats = [(path.name, path.stat()) for path in files]
    return frozenset((name, stat.st_mtime_ns, stat.st_size) for name, stat in stats)


@functools.lru_cache(maxsize=2)
def _load_embedded(weights: Path, _: _State) -> classifier.Classifier:
    return classifier.load_classifier(weights)


@functools.lru_cache(maxsize=1)
def _load_onnx(folder: Path, _: _State) -> OnnxModel:
    return OnnxModel.from_folder(folder)
