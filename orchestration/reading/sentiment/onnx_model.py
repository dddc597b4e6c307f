"""The user's own sentiment model: a Hugging Face sequence classification model, exported to ONNX, in a local folder.

    <folder>/model.onnx        what the exporter of Optimum writes, with its weights beside it where they are external
    <folder>/tokenizer.json    of a fast tokenizer
    <folder>/config.json       with id2label; also "labels" where the names in it are not negative, neutral, positive

Nothing is downloaded. onnxruntime and tokenizers come with the extra 'onnx' and are imported where they are used.
"""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, Field, ValidationError

from core.problems import Problem
from core.vocabulary import SENTIMENTS, Sentiment
from orchestration.reading.sentiment.classifier import PREDICTIONS
from orchestration.reading.sentiment.features import readable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

# Attention costs the square of the length; 99% of smp2020's posts have at most 140 characters, one token each.
MAX_TOKENS = 256
# Tokens per batch, with padding: a base-sized model then needs some 100 MB for activations.
BATCH_TOKENS = 4_096
CHUNK_TEXTS = 10_000  # tokenized at a time, to bound memory

_BLANKS = r"[\s\p{Cc}\p{Cf}]+"


class _Config(BaseModel):
    """The fields of config.json that are used."""

    id2label: Annotated[dict[int, str], Field(min_length=2)]
    labels: dict[str, Sentiment] = {}  # by the names of id2label: {"LABEL_0": "negative"}
    problem_type: str | None = None
    max_position_embeddings: Annotated[int, Field(gt=2)] = 512
    pad_token_id: int | None = None


class OnnxModel:
    """A loaded model. ``predict`` is pure."""

    def __init__(self, session: "InferenceSession", tokenizer: "Tokenizer", config: _Config, model_id: str) -> None:
        self.model_id = model_id
        self._session, self._tokenizer = session, tokenizer
        self._sentiments = _sentiments(config)
        self._inputs = {tensor.name for tensor in session.get_inputs()}
        self._pad = config.pad_token_id or 0
        tokenizer.no_padding()
        # RoBERTa counts positions from 2, so two of them hold no tokens.
        tokenizer.enable_truncation(min(MAX_TOKENS, config.max_position_embeddings - 2))

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Load the three files. The model's id consists of the folder's name and a hash of the files.

        Raises Problem if the extra is not installed, or a file is missing or invalid.
        """
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise Problem(
                f"{error.name} is not installed, but ONNX models need it: pip install '.[onnx]' (pyproject.toml)."
            ) from error
        files = [folder / name for name in ("model.onnx", "tokenizer.json", "config.json")]
        if missing := [file.name for file in files if not file.is_file()]:
            raise Problem(
                f"{folder}: {', '.join(missing)} not found. Export the model with 'optimum-cli export onnx --task "
                "text-classification', and set TINGFENG_SENTIMENT=onnx: to the folder that it writes."
            )
        model, tokens, settings = files
        config = _read_config(settings)
        try:
            tokenizer = Tokenizer.from_file(str(tokens))
        except Exception as error:  # the library raises bare Exception
            raise Problem(
                f"{tokens}: not a valid tokenizer: {error}. Export the model with a fast tokenizer."
            ) from error
        try:
            session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime has one class per error code and no common base
            raise Problem(f"{model}: ONNX Runtime cannot read it: {error}. Export it again.") from error
        width = session.get_outputs()[0].shape[-1]  # a string if the exporter left the dimension open
        if isinstance(width, int) and width != len(config.id2label):
            raise Problem(
                f"{folder}: the model returns {width} scores, but config.json has {len(config.id2label)} labels in "
                "id2label; take both files from the same export."
            )
        weights = sorted(file for file in folder.glob("*.onnx*") if file.is_file())  # external ones: model.onnx_data
        return cls(session, tokenizer, config, f"onnx-{folder.resolve().name}-{_hash([*weights, tokens, settings])}")

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """Predict the sentiment of texts: one row per text, in order, in the schema PREDICTIONS.

        ``label`` is the most likely sentiment. The probabilities of labels with the same meaning are added up; a
        sentiment without a label has a probability of 0. If there is nothing to read, the model abstains: label
        neutral, p_* null, ``abstain_reason`` "empty". Only the first MAX_TOKENS tokens are read. ``platform`` and
        ``target`` are ignored.
        """
        words = readable(texts).str.replace_all(_BLANKS, " ").str.strip_chars(" ")
        abstain = words == ""
        p = np.zeros((len(words), len(SENTIMENTS)))
        rows = (~abstain).arg_true().to_numpy()
        for start in range(0, len(rows), CHUNK_TEXTS):
            chunk = rows[start : start + CHUNK_TEXTS]
            p[chunk] = self._probabilities(words.gather(chunk).to_list())
        label = pl.Series(p.argmax(axis=1)).replace_strict(range(len(SENTIMENTS)), SENTIMENTS, return_dtype=pl.String)
        read = pl.when(~abstain)
        return pl.select(
            read.then(label).otherwise(pl.lit("neutral")).alias("label"),
            *(read.then(pl.Series(p[:, number])).alias(f"p_{name}") for number, name in enumerate(SENTIMENTS)),
            model_id=pl.repeat(self.model_id, len(texts), dtype=pl.String),
            abstain=abstain,
            abstain_reason=pl.when(abstain).then(pl.lit("empty")),
        ).match_to_schema(PREDICTIONS, extra_columns="ignore")

    def _probabilities(self, texts: list[str]) -> npt.NDArray[np.float64]:
        """Probabilities, text × sentiment. Texts of similar length share a batch, to keep padding small."""
        encoded = self._tokenizer.encode_batch(texts)
        lengths = np.array([len(encoding) for encoding in encoded])
        order = np.argsort(lengths, kind="stable")
        p = np.empty((len(texts), len(SENTIMENTS)))
        start = 0
        while start < len(order):
            end = start + 1
            while end < len(order) and (end + 1 - start) * lengths[order[end]] <= BATCH_TOKENS:
                end += 1
            batch = order[start:end]
            logits = self._logits([encoded[row] for row in batch])
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            p[batch] = odds @ self._sentiments / odds.sum(axis=1, keepdims=True)
            start = end
        return p

    def _logits(self, batch: "list[Encoding]") -> npt.NDArray[np.float64]:
        longest = max(len(encoding) for encoding in batch)
        arrays = {
            "input_ids": np.full((len(batch), longest), self._pad, np.int64),
            "attention_mask": np.zeros((len(batch), longest), np.int64),
            "token_type_ids": np.zeros((len(batch), longest), np.int64),
        }
        for row, encoding in enumerate(batch):
            arrays["input_ids"][row, : len(encoding)] = encoding.ids
            arrays["attention_mask"][row, : len(encoding)] = encoding.attention_mask
            arrays["token_type_ids"][row, : len(encoding)] = encoding.type_ids
        [logits, *_] = self._session.run(None, {name: array for name, array in arrays.items() if name in self._inputs})
        return np.asarray(logits, np.float64)


def _read_config(path: Path) -> _Config:
    """Read config.json. Raises Problem unless each label stands for a sentiment and a text has one label."""
    try:
        config = _Config.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise Problem(f"{path}: {field}: {first['msg']}. Correct it, or export the model again.") from error
    if config.problem_type not in (None, "single_label_classification"):
        raise Problem(
            f"{path}: problem_type is {config.problem_type!r}; use a model of type single_label_classification."
        )
    if sorted(config.id2label) != list(range(len(config.id2label))):
        raise Problem(f"{path}: the keys of id2label are not 0, 1, 2, …; export the model again.")
    meanings = {name: _meaning(name, config) for name in config.id2label.values()}
    if unknown := [name for name, meaning in meanings.items() if meaning is None]:
        raise Problem(
            f"{path}: unknown labels in id2label: {', '.join(unknown)}. Map each to negative, neutral or positive: add "
            f'"labels": {{"{unknown[0]}": "negative", …}}.'
        )
    if absent := {"negative", "positive"} - set(meanings.values()):
        raise Problem(f"{path}: no label means {' or '.join(sorted(absent))}; check id2label and labels.")
    return config


def _meaning(label: str, config: _Config) -> str | None:
    """The sentiment of a label of id2label: from ``labels``, else the one sentiment that is a word of its name."""
    if label in config.labels:
        return config.labels[label]
    named = [name for name in SENTIMENTS if re.search(rf"\b{name}\b", label, re.IGNORECASE)]
    return named[0] if len(named) == 1 else None


def _sentiments(config: _Config) -> npt.NDArray[np.float64]:
    """Label × sentiment: 1 if the label stands for the sentiment, else 0."""
    meanings = [_meaning(config.id2label[number], config) for number in range(len(config.id2label))]
    return np.array([[float(meaning == name) for name in SENTIMENTS] for meaning in meanings])


def _hash(files: list[Path]) -> str:
    """8 hex digits over the contents of files, which may have gigabytes."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]
