"""Fitting of the sentiment model for train.py: small nets, by stochastic gradients in numpy, and linear SVMs."""

from typing import NamedTuple, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.sparse import csr_matrix, diags  # type: ignore[import-untyped]
from sklearn.svm import LinearSVC  # type: ignore[import-untyped]

from core.vocabulary import SENTIMENTS
from orchestration.reading.sentiment.classifier import VECTOR_BITS, VECTOR_SIZES, Floats, Weights
from orchestration.reading.sentiment.features import HASH_BITS, NGRAM_SIZES, ngrams, readable

# Several small nets with different seeds are fitted and their log-odds averaged: .004 macro-F1 better than one net.
NETS = 3
DIMENSIONS = 8  # of an n-gram's vector in each net
UNITS = 16
EPOCHS = 4
BATCH = 512
LEARNING_RATE = 0.02  # Adagrad, of n-grams
DENSE_RATE = 2e-3  # Adam, of the layers
# The share of a text's n-grams that is hidden at each step (dropout), which prevents overfitting.
HIDDEN_NGRAMS = 0.6
HIDDEN_UNITS = 0.4
DECAY = 1e-6
# N-gram buckets that occur in fewer training rows get no weight, or no vector.
LEAST_TEXTS, LEAST_VECTOR_TEXTS = 3, 8
SCALE = np.float32(4)  # of the inputs
# A linear SVM's margins, whose errors differ, are added to the nets: .005 macro-F1 better than the nets alone.
SVM_C = 0.02
SVM_SHARE = 1.0

# For models on the user's own labels; chosen on fanchuan, bdci_car2018 and nlpcc2013 together.
LEAST_OWN_TEXTS = 2
OWN_C = 0.02
OWN_EPOCHS = 8
GENERAL_SHARE = np.float32(0.3)


class Features(NamedTuple):
    """Sparse text × bucket: n-gram counts × SCALE / √(number of n-grams of the text)."""

    linear: csr_matrix
    vectors: csr_matrix

    def rows(self, chosen: npt.NDArray[np.int64]) -> Self:
        return self._replace(linear=self.linear[chosen], vectors=self.vectors[chosen])


def features(texts: pl.Series) -> Features:
    """The features of texts."""
    chunks = list(ngrams(readable(texts)))
    counts = np.concatenate([chunk.counts for chunk in chunks])

    def matrix(sizes: int, bits: int) -> csr_matrix:
        buckets = np.concatenate([_by_text(chunk.buckets[:sizes], chunk.starts) for chunk in chunks])
        ends = np.concatenate([[0], np.cumsum(counts // NGRAM_SIZES * sizes)])
        counted = csr_matrix(
            (np.ones(len(buckets), np.float32), buckets >> (HASH_BITS - bits), ends), shape=(len(counts), 1 << bits)
        )
        counted.sum_duplicates()
        return (diags((SCALE / np.sqrt(counts)).astype(np.float32)) @ counted).tocsr()

    return Features(matrix(NGRAM_SIZES, HASH_BITS), matrix(VECTOR_SIZES, VECTOR_BITS))


def _by_text(buckets: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    of_a_text = np.ones(buckets.shape[1], bool)
    of_a_text[0] = False
    of_a_text[starts - 1] = False
    return buckets[:, of_a_text].T.ravel().astype(np.int32)


def fit(seen: Features, labels: npt.NDArray[np.int64], row_weights: npt.NDArray[np.float64]) -> Weights:
    """Fit the general model on training rows (labels 0 to 2); rounded to int8, not calibrated."""
    linear_columns, seen_linear = _common(seen.linear, LEAST_TEXTS)
    vector_columns, seen_vectors = _common(seen.vectors, LEAST_VECTOR_TEXTS)
    weights = (row_weights / row_weights.mean()).astype(np.float32)
    nets = [_fit_net(Features(seen_linear, seen_vectors), labels, weights, seed) for seed in range(NETS)]

    svm = LinearSVC(C=SVM_C, dual=False, tol=1e-2)  # the primal solver converges in under 20 steps
    svm.fit(seen_linear, labels, sample_weight=weights)

    linear = np.zeros((len(SENTIMENTS), seen.linear.shape[1]), np.float32)
    linear[:, linear_columns] = np.mean([net.linear.T for net in nets], axis=0) + SVM_SHARE * svm.coef_
    vectors = np.zeros((NETS * DIMENSIONS, seen.vectors.shape[1]), np.float32)
    vectors[:, vector_columns] = np.concatenate([net.vectors.T for net in nets])
    hidden = np.zeros((NETS * DIMENSIONS, NETS * UNITS), np.float32)
    for number, net in enumerate(nets):
        hidden[number * DIMENSIONS : (number + 1) * DIMENSIONS, number * UNITS : (number + 1) * UNITS] = net.hidden
    return Weights(
        *quantise(linear * SCALE),
        *quantise(vectors * SCALE),
        hidden=hidden,
        hidden_bias=np.concatenate([net.hidden_bias for net in nets]),
        out=(np.concatenate([net.out for net in nets]) / NETS).astype(np.float32),
        bias=(np.stack([net.bias for net in nets]).mean(axis=0) + SVM_SHARE * svm.intercept_).astype(np.float32),
    )


def adapt(general: Weights, seen: Features, labels: npt.NDArray[np.int64]) -> Weights:
    """Adapt the general model to the user's rows: continue its training, and add GENERAL_SHARE of it to a linear SVM.

    The SVM does not see the general model's predictions: if that was trained on the same rows, as on the sets of
    MODEL_CARD.md, it has memorised them, and an SVM that relies on it is worse by .02. Continued training gains .0055
    there over .2 of the unchanged general model, and .007 if the general model has not seen the rows.
    """
    rarity = (len(labels) / np.bincount(labels, minlength=len(SENTIMENTS))[labels]).astype(np.float32)
    rarity /= rarity.mean()
    columns, own_ngrams = _common(seen.linear, LEAST_OWN_TEXTS)
    svm = LinearSVC(C=OWN_C, dual=False, tol=1e-2)
    svm.fit(own_ngrams, labels, sample_weight=rarity)

    linear_columns, seen_linear = _common(seen.linear, 1)
    vector_columns, seen_vectors = _common(seen.vectors, 1)
    linear = general.linear * general.linear_scale[:, None]
    vectors = general.vectors * general.vector_scale[:, None]
    net = _Net(
        linear[:, linear_columns].T / SCALE,
        vectors[:, vector_columns].T / SCALE,
        *(layer.copy() for layer in (general.hidden, general.hidden_bias, general.out, general.bias)),
    )
    net.fit(Features(seen_linear, seen_vectors), labels, rarity, np.random.default_rng(0), OWN_EPOCHS)
    linear[:, linear_columns] = net.linear.T * SCALE
    linear *= GENERAL_SHARE
    linear[:, columns] += svm.coef_ * SCALE
    vectors[:, vector_columns] = net.vectors.T * SCALE
    return Weights(
        *quantise(linear.astype(np.float32)),
        *quantise(vectors),
        hidden=net.hidden,
        hidden_bias=net.hidden_bias,
        out=net.out * GENERAL_SHARE,
        bias=net.bias * GENERAL_SHARE + svm.intercept_.astype(np.float32),
    )


def quantise(weights: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """Round weights to -127..127 with one scale per row, set by its largest weight: clipping it costs up to .018."""
    scales = np.abs(weights).max(axis=1) / 127
    return np.round(weights / np.maximum(scales, 1e-12)[:, None]).astype(np.int8), scales.astype(np.float32)


def _common(matrix: csr_matrix, least: int) -> tuple[npt.NDArray[np.int64], csr_matrix]:
    """The columns with at least ``least`` rows, the most frequent first, and the matrix of these columns."""
    rows = np.bincount(matrix.indices, minlength=matrix.shape[1])
    columns = np.argsort(-rows, kind="stable")[: (rows >= least).sum()]
    return columns, matrix[:, columns]


class _Net:
    """A net during training: its parameters and the state of the optimisers."""

    def __init__(
        self, linear: Floats, vectors: Floats, hidden: Floats, hidden_bias: Floats, out: Floats, bias: Floats
    ) -> None:
        self.linear, self.vectors = linear, vectors
        self.hidden, self.hidden_bias, self.out, self.bias = hidden, hidden_bias, out, bias
        self._squares = [np.full((len(table), 1), 1e-8, np.float32) for table in (self.linear, self.vectors)]
        self._dense = (self.hidden, self.hidden_bias, self.out, self.bias)
        self._moments = [(np.zeros_like(layer), np.zeros_like(layer)) for layer in self._dense]
        self._steps = 0

    @classmethod
    def unfitted(cls, ngrams: int, vectors: int, chance: np.random.Generator) -> Self:
        return cls(
            np.zeros((ngrams, len(SENTIMENTS)), np.float32),
            (chance.standard_normal((vectors, DIMENSIONS)) * 0.05).astype(np.float32),
            (chance.standard_normal((DIMENSIONS, UNITS)) / np.sqrt(DIMENSIONS)).astype(np.float32),
            np.zeros(UNITS, np.float32),
            (chance.standard_normal((UNITS, len(SENTIMENTS))) * 0.1).astype(np.float32),
            np.zeros(len(SENTIMENTS), np.float32),
        )

    def fit(
        self,
        seen: Features,
        labels: npt.NDArray[np.int64],
        weights: Floats,
        chance: np.random.Generator,
        epochs: int,
    ) -> None:
        """Train for some epochs, with a learning rate that falls from one to the next."""
        for epoch in range(epochs):
            order = chance.permutation(len(labels))
            for start in range(0, len(order), BATCH):
                batch = order[start : start + BATCH]
                shown = Features(*(_with_some_hidden(matrix[batch], chance) for matrix in seen))
                kept = (chance.random((len(batch), len(self.out))) >= HIDDEN_UNITS).astype(np.float32)
                kept /= 1 - HIDDEN_UNITS
                self._step(shown, labels[batch], weights[batch], kept, 1 - epoch / epochs)

    def _step(self, seen: Features, labels: npt.NDArray[np.int64], weights: Floats, kept: Floats, slow: float) -> None:
        """One step down the weighted cross-entropy of a batch; ``kept``: text × unit, 0 where a unit is hidden."""
        vectors = seen.vectors @ self.vectors
        inputs = vectors @ self.hidden + self.hidden_bias
        units = np.maximum(inputs, 0) * kept
        margins = seen.linear @ self.linear + units @ self.out + self.bias
        wrong = np.exp(margins - margins.max(axis=1, keepdims=True))
        wrong /= wrong.sum(axis=1, keepdims=True)
        wrong[np.arange(len(labels)), labels] -= 1
        wrong *= (weights / len(labels))[:, None]
        inputs_wrong = wrong @ self.out.T * kept * (inputs > 0)
        dense = (vectors.T @ inputs_wrong, inputs_wrong.sum(axis=0), units.T @ wrong, wrong.sum(axis=0))
        vectors_wrong = inputs_wrong @ self.hidden.T
        self._adagrad(self.linear, self._squares[0], seen.linear, wrong, slow)
        self._adagrad(self.vectors, self._squares[1], seen.vectors, vectors_wrong, slow)
        self._adam(dense, slow)

    @staticmethod
    def _adagrad(table: Floats, squares: Floats, seen: csr_matrix, wrong: Floats, slow: float) -> None:
        """One rate for all weights of an n-gram, and only those of the batch's n-grams."""
        rows, renumbered = np.unique(seen.indices, return_inverse=True)
        shape = (seen.shape[0], len(rows))
        gradient = csr_matrix((seen.data, renumbered, seen.indptr), shape=shape).T.tocsr() @ wrong
        gradient += DECAY * table[rows]
        squares[rows] += (gradient**2).mean(axis=1, keepdims=True)
        table[rows] -= np.float32(LEARNING_RATE * slow) * gradient / np.sqrt(squares[rows])

    def _adam(self, gradients: tuple[Floats, ...], slow: float) -> None:
        self._steps += 1
        for layer, gradient, (first, second) in zip(self._dense, gradients, self._moments, strict=True):
            first += 0.1 * (gradient - first)
            second += 0.001 * (gradient**2 - second)
            size = np.sqrt(second / (1 - 0.999**self._steps)) + 1e-8
            layer -= np.float32(DENSE_RATE * slow / (1 - 0.9**self._steps)) * first / size


def _fit_net(seen: Features, labels: npt.NDArray[np.int64], weights: Floats, seed: int) -> _Net:
    chance = np.random.default_rng(seed)
    net = _Net.unfitted(seen.linear.shape[1], seen.vectors.shape[1], chance)
    net.fit(seen, labels, weights, chance, EPOCHS)
    return net


def _with_some_hidden(matrix: csr_matrix, chance: np.random.Generator) -> csr_matrix:
    """Drop a share HIDDEN_NGRAMS of the entries at random and scale the others up accordingly."""
    kept = chance.random(matrix.nnz) >= HIDDEN_NGRAMS
    ends = np.concatenate([[0], np.cumsum(kept)])[matrix.indptr]
    return csr_matrix(
        (matrix.data[kept] / np.float32(1 - HIDDEN_NGRAMS), matrix.indices[kept], ends), shape=matrix.shape
    )
