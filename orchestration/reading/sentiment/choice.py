"""Which model reads the posts: TINGFENG_SENTIMENT."""

import functools
import os
from pathlib import Path
from typing import Protocol

import polars as pl

from core.environment import EnvironmentProblem
from orchestration.reading.sentiment import classifier
from orchestration.reading.sentiment.onnx_model import OnnxModel

VARIABLE = "TINGFENG_SENTIMENT"


class SentimentModel(Protocol):
    """What every model offers. Another model is another ``model_id``, under which all days are enriched again."""

    model_id: str

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """Texts to a row each, in order, in the schema PREDICTIONS."""


def load_classifier() -> SentimentModel:
    """The model that TINGFENG_SENTIMENT names: 'embedded', the default, 'embedded:<file>' or 'onnx:<folder>'.

    The file is a copy of the embedded model that was trained on one's own labels (train.py). Raises EnvironmentProblem
    for any other value, OnnxModelProblem for a folder that cannot be used. A model is loaded once a process.
    """
    value = os.environ.get(VARIABLE, "").strip() or "embedded"
    kind, _, place = value.partition(":")
    path = Path(place).expanduser().resolve()
    if value == "embedded":
        return classifier.load_classifier()
    if kind == "embedded" and path.is_file():
        return classifier.load_classifier(path)
    if kind == "onnx" and place:
        return _load_onnx(path)
    raise EnvironmentProblem(
        f"{VARIABLE} is {value!r}; set it to 'embedded', to 'embedded:' and a file that sentiment.train wrote, or to "
        "'onnx:' and a model's folder."
    )


@functools.cache
def _load_onnx(folder: Path) -> OnnxModel:
    return OnnxModel.from_folder(folder)
