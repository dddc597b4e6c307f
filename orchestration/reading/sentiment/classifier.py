"""The embedded sentiment model: a linear part and small nets over character n-grams, in numpy alone."""

import hashlib
import io
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl

from core.problems import Problem
from core.vocabulary import SENTIMENTS
from orchestration.reading.sentiment.features import HASH_BITS, NGRAM_SIZES, SCRIPTS, ngrams, readable

WEIGHTS = Path(__file__).with_name("weights.npz")
PREDICTIONS = pl.Schema(
    {
        "label": pl.String(),
        "p_negative": pl.Float64(),
        "p_neutral": pl.Float64(),
        "p_positive": pl.Float64(),
        "model_id": pl.String(),
        "abstain": pl.Boolean(),
        "abstain_reason": pl.String(),
    }
)
FAMILY = "charlin-2"
UNREAD, FOREIGN = "empty", "foreign"  # abstain_reason

# The bucket of a vector is the first bits of the n-gram's bucket. Only 1- and 2-grams have a vector.
VECTOR_BITS = 17
VECTOR_SIZES = 2

# Three weights of an n-gram, raised by 128 to be positive, are packed into one 64-bit number, so that one look-up and
# one sum serve all three. A lane is wide enough for the sum over a text of MAX_CHARS: 3 * 2001 * 255 < 2**21.
_LANES, _LANE_BITS = 3, 21
_LANE_MASK = np.uint64((1 << _LANE_BITS) - 1)
_RAISED_BY = 128

# A text counts as foreign if it has at least this many Latin letters (two words) and a hundred of them per Chinese
# character, or more letters of other scripts than Chinese characters. Names, "yyds" and "666" in Chinese posts are
# therefore read.
_FOREIGN_LETTERS = 10
_FOREIGN_RATIO = 100

Floats = npt.NDArray[np.float32]


class Weights(NamedTuple):
    """The arrays of ``weights.npz``. Sums over n-grams are divided by the square root of their number.

    ``linear``: sentiment × bucket, times ``linear_scale``. ``vectors``: dimension × vector bucket, times
    ``vector_scale``: their sum passes through a layer of rectified units (``hidden``: dimension × unit,
    ``hidden_bias``) and ``out`` (unit × sentiment), whose output is added. ``bias``: sentiment. They add up to
    calibrated log-odds.
    """

    linear: npt.NDArray[np.int8]
    linear_scale: Floats
    vectors: npt.NDArray[np.int8]
    vector_scale: Floats
    hidden: Floats
    hidden_bias: Floats
    out: Floats
    bias: Floats


class Classifier:
    """A trained model. Immutable; ``predict`` is pure."""

    def __init__(self, weights: Weights, model_id: str) -> None:
        self.model_id = model_id
        self.weights = weights
        self._linear = _pack(weights.linear)
        self._vectors = _pack(weights.vectors)

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Load weights that train.py packed. The model's id ends in their hash."""
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            weights = Weights(**{name: arrays[name] for name in Weights._fields})
        return cls(weights, f"{FAMILY}-{hashlib.sha256(packed).hexdigest()[:8]}")

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """Predict the sentiment of texts: one row per text, in order, in the schema PREDICTIONS.

        ``label`` is the most likely sentiment; the three p_* add up to 1. The model abstains (label neutral, p_* null)
        if there is nothing to read (null, blank, only a link or a picture's placeholder) or the text is in another
        language; ``abstain_reason`` is then UNREAD or FOREIGN. Only the first 2,000 characters of a text are read.
        ``platform``, and ``target``, the brand that the sentiment is about, are ignored by this model.
        """
        words = readable(texts)
        margins, letters = self.log_odds(words)
        p = np.exp(margins - margins.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        label = pl.Series(p.argmax(axis=1)).replace_strict(range(len(SENTIMENTS)), SENTIMENTS, return_dtype=pl.String)
        han, latin, other = letters.T
        foreign = ((latin >= _FOREIGN_LETTERS) & (latin >= _FOREIGN_RATIO * han)) | (other > han)
        reason = pl.when(words == "").then(pl.lit(UNREAD)).when(pl.Series(foreign)).then(pl.lit(FOREIGN))
        read = pl.when(reason.is_null())
        return pl.select(
            read.then(label).otherwise(pl.lit("neutral")).alias("label"),
            *(read.then(pl.Series(p[:, number])).alias(f"p_{name}") for number, name in enumerate(SENTIMENTS)),
            model_id=pl.repeat(self.model_id, len(texts), dtype=pl.String),
            abstain=reason.is_not_null(),
            abstain_reason=reason,
        ).match_to_schema(PREDICTIONS)

    def log_odds(self, words: pl.Series) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
        """For ``readable`` texts: the calibrated log-odds, text × sentiment, and the letter counts, text × SCRIPTS."""
        margins = np.empty((len(words), len(SENTIMENTS)))
        letters = np.empty((len(words), len(SCRIPTS)), np.int64)
        weights, done = self.weights, 0
        for buckets, starts, counts, counted in ngrams(words):
            chunk = slice(done, done := done + len(starts))
            letters[chunk] = counted
            root = np.sqrt(counts)[:, None]
            linear = _sums(self._linear, buckets, starts, counts)[:, : len(SENTIMENTS)] / root * weights.linear_scale
            vectors = (
                _sums(self._vectors, buckets[:VECTOR_SIZES] >> np.uint32(HASH_BITS - VECTOR_BITS), starts, counts)[
                    :, : len(weights.hidden)
                ]
                / root
                * weights.vector_scale
            )
            units = np.maximum(vectors @ weights.hidden + weights.hidden_bias, 0)
            margins[chunk] = linear + units @ weights.out + weights.bias
        # The last digits of float sums depend on the other texts of the chunk; a text's score must not.
        return margins.round(6), letters


def _pack(rows: npt.NDArray[np.int8]) -> npt.NDArray[np.uint64]:
    """Pack weight × bucket into bucket × number, three weights per number; one-dimensional if one number suffices."""
    numbers = np.zeros((rows.shape[1], -(-len(rows) // _LANES)), np.uint64)
    for number, row in enumerate(rows):
        shift = np.uint64(number % _LANES * _LANE_BITS)
        numbers[:, number // _LANES] |= (row.astype(np.int16) + _RAISED_BY).astype(np.uint64) << shift
    return numbers[:, 0].copy() if numbers.shape[1] == 1 else numbers


def _sums(
    numbers: npt.NDArray[np.uint64],
    buckets: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The sum of the weights of each text's n-grams: text × weight; unused lanes come last."""
    positions = numbers.take(buckets[0], axis=0)
    for row in buckets[1:]:
        positions += numbers.take(row, axis=0)
    positions[starts - 1] = 0
    sums = np.add.reduceat(positions, starts, axis=0)
    lanes = (sums[..., None] >> (np.arange(_LANES, dtype=np.uint64) * np.uint64(_LANE_BITS))) & _LANE_MASK
    summed = counts // NGRAM_SIZES * len(buckets)
    return lanes.reshape(len(starts), -1).astype(np.int64) - _RAISED_BY * summed[:, None]


def load_classifier(path: Path = WEIGHTS) -> Classifier:
    """The classifier of a weights file, by default the one in the repository.

    Raises Problem if the file is not one that train.py wrote.
    """
    try:
        return Classifier.from_bytes(path.read_bytes())
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise Problem(
            f"{path}: not a readable sentiment model ({error}). Train it again with 'tingfeng train sentiment', or "
            "unset TINGFENG_SENTIMENT to use the embedded model."
        ) from error
