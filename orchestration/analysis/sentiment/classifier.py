"""What a post feels, as far as its characters tell: a linear model over character n-grams, in numpy alone."""

import functools
import hashlib
import io
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from orchestration.analysis.sentiment.features import ngrams, readable

SENTIMENTS = ("negative", "neutral", "positive")
WEIGHTS = Path(__file__).with_name("weights.npz")
PREDICTIONS = pl.Schema(
    {
        "label": pl.String(),
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
        "model_id": pl.String(),
        "abstain": pl.Boolean(),
    }
)

# The three weights of an n-gram, raised by 128 to be positive, share one 64-bit number, so that one look-up and one sum
# serve all three. A lane holds the sum of a text of MAX_CHARS: 3 * 2001 * 255 < 2**21.
_LANE_BITS = 21
_LANE_MASK = np.uint64((1 << _LANE_BITS) - 1)
_RAISED_BY = 128


class Classifier:
    """A trained model. Immutable; ``predict`` is pure."""

    def __init__(
        self,
        weights: npt.NDArray[np.int8],
        scales: npt.NDArray[np.float64],
        biases: npt.NDArray[np.float64],
        model_id: str,
    ) -> None:
        """``weights``: sentiment × bucket; ``scales``: what a weight of 1 adds; both and ``biases`` are calibrated."""
        self.model_id = model_id
        self._scales, self._biases = scales, biases
        self._lanes = np.zeros(weights.shape[1], np.uint64)
        for number, row in enumerate(weights):
            self._lanes |= (row.astype(np.int16) + _RAISED_BY).astype(np.uint64) << np.uint64(number * _LANE_BITS)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Read what train.py wrote. The model's id holds a hash of it."""
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            model_id = f"charlin-1-{hashlib.sha256(packed).hexdigest()[:8]}"
            return cls(arrays["weights"], arrays["scales"], arrays["biases"], model_id)

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """Texts to sentiments: a row each, in order, in the schema PREDICTIONS.

        ``label`` is the likeliest sentiment; the three p_* add up to 1. Where there is nothing to read (null, blank, a
        bare link) the model abstains: neutral, with null p_*. Only the first 2,000 characters of a text are read.
        ``platform`` and ``target`` (of whom or what the sentiment is asked) are what the caller knows beside the words;
        this model makes no use of them.
        """
        words = readable(texts)
        abstain = words == ""
        margins = self.log_odds(words)
        p = np.exp(margins - margins.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        label = pl.Series(p.argmax(axis=1)).replace_strict(range(len(SENTIMENTS)), SENTIMENTS, return_dtype=pl.String)
        read = pl.when(~abstain)
        return pl.select(
            read.then(label).otherwise(pl.lit("neutral")).alias("label"),
            *(read.then(pl.Series(p[:, number])).alias(f"p_{name}") for number, name in enumerate(SENTIMENTS)),
            model_id=pl.repeat(self.model_id, len(texts), dtype=pl.String),
            abstain=abstain,
        ).match_to_schema(PREDICTIONS)

    def log_odds(self, words: pl.Series) -> npt.NDArray[np.float64]:
        """Calibrated log-odds, text × sentiment, of ``readable`` texts."""
        margins = np.empty((len(words), len(SENTIMENTS)))
        done = 0
        for buckets, starts, counts in ngrams(words):
            lanes = self._lanes[buckets[0]]
            for row in buckets[1:]:
                lanes += self._lanes[row]
            lanes[starts - 1] = 0
            sums = np.add.reduceat(lanes, starts)
            for number in range(len(SENTIMENTS)):
                lane = (sums >> np.uint64(number * _LANE_BITS)) & _LANE_MASK
                margins[done : done + len(starts), number] = lane.astype(np.int64) - _RAISED_BY * counts
            margins[done : done + len(starts)] /= np.sqrt(counts)[:, None]
            done += len(starts)
        return margins * self._scales + self._biases


@functools.cache
def load_classifier() -> Classifier:
    """The classifier that the repository ships."""
    return Classifier.from_bytes(WEIGHTS.read_bytes())
