"""A sentiment model of one's own: a Hugging Face sequence classification model, exported to ONNX, in a local folder.

    <folder>/model.onnx        what the exporter of Optimum writes, with its weights beside it where they are external
    <folder>/tokenizer.json    of a fast tokenizer
    <folder>/config.json       with id2label; also "labels" where the names in it are not negative, neutral, positive

Nothing is ever downloaded. onnxruntime and tokenizers are the extra 'onnx', imported where they are used.
"""

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import numpy.typing as npt
import polars as pl
from pydantic import BaseModel, Field, ValidationError

from core.problems import Problem
from orchestration.reading.sentiment.classifier import PREDICTIONS, SENTIMENTS
from orchestration.reading.sentiment.features import readable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession
    from tokenizers import Encoding, Tokenizer

# The cost of attention grows with the square of it; 99% of smp2020's posts have at most 140 characters, a token each.
MAX_TOKENS = 256
# Of a batch, padding included: a base-sized model then holds some 100 MB of activations.
BATCH_TOKENS = 4_096
CHUNK_TEXTS = 10_000  # whose tokens are held at a time

_BLANKS = r"[\s\p{Cc}\p{Cf}]+"

Sentiment = Literal["negative", "neutral", "positive"]


class OnnxModelProblem(Problem):
    """The model cannot be used; the message names the file and the remedy."""


class _Config(BaseModel):
    """What is read of config.json; the rest is the exporter's."""

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
        self._inputs = {given.name for given in session.get_inputs()}
        self._pad = config.pad_token_id or 0
        tokenizer.no_padding()
        # RoBERTa counts positions from 2 on, so its last two are no places for tokens.
        tokenizer.enable_truncation(min(MAX_TOKENS, config.max_position_embeddings - 2))

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read the three files. The model's id holds the folder's name and a hash of what the scores depend on.

        Raises OnnxModelProblem where the extra is not installed, or a file is missing or not what it has to be.
        """
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise OnnxModelProblem(
                f"{error.name} is not installed, and ONNX models need it: pip install '.[onnx]' (pyproject.toml)."
            ) from error
        files = [folder / name for name in ("model.onnx", "tokenizer.json", "config.json")]
        if missing := [file.name for file in files if not file.is_file()]:
            raise OnnxModelProblem(
                f"{folder}: {', '.join(missing)} not found. Export the model with 'optimum-cli export onnx --task "
                "text-classification', and name the folder that it writes."
            )
        model, tokens, settings = files
        config = _read_config(settings)
        try:
            tokenizer = Tokenizer.from_file(str(tokens))
        except Exception as error:  # its library raises no class of its own
            raise OnnxModelProblem(f"{tokens}: no tokenizer: {error}. Export it with a fast tokenizer.") from error
        try:
            session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        except Exception as error:  # one class for each of ONNX Runtime's codes, and no base of them
            raise OnnxModelProblem(f"{model}: ONNX Runtime cannot read it: {error}. Export it again.") from error
        width = session.get_outputs()[0].shape[-1]  # a name where the exporter left it open
        if isinstance(width, int) and width != len(config.id2label):
            raise OnnxModelProblem(
                f"{folder}: the model gives {width} scores, and config.json has {len(config.id2label)} labels in "
                "id2label; take both from one export."
            )
        weights = sorted(file for file in folder.glob("*.onnx*") if file.is_file())  # external ones: model.onnx_data
        return cls(session, tokenizer, config, f"onnx-{folder.resolve().name}-{_hash([*weights, tokens, settings])}")

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        """Texts to sentiments: a row each, in order, in the schema PREDICTIONS.

        ``label`` is the likeliest sentiment. Labels of the model that mean one sentiment are added up; a sentiment that
        it has no label for has a probability of 0. Where there is nothing to read it abstains: neutral, null p_*, and
        ``abstain_reason`` "empty". Only the first MAX_TOKENS tokens are read. ``platform`` and ``target`` are not used.
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
        """Text × sentiment. Texts of like length go together, so that little is padded."""
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
        given = {
            "input_ids": np.full((len(batch), longest), self._pad, np.int64),
            "attention_mask": np.zeros((len(batch), longest), np.int64),
            "token_type_ids": np.zeros((len(batch), longest), np.int64),
        }
        for row, encoding in enumerate(batch):
            given["input_ids"][row, : len(encoding)] = encoding.ids
            given["attention_mask"][row, : len(encoding)] = encoding.attention_mask
            given["token_type_ids"][row, : len(encoding)] = encoding.type_ids
        [logits, *_] = self._session.run(None, {name: array for name, array in given.items() if name in self._inputs})
        return np.asarray(logits, np.float64)


def _read_config(path: Path) -> _Config:
    """config.json. Raises OnnxModelProblem unless each label means a sentiment, and a text has one label."""
    try:
        config = _Config.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the file"
        raise OnnxModelProblem(f"{path}: {field}: {first['msg']}. Mend it, or export the model again.") from error
    if config.problem_type not in (None, "single_label_classification"):
        raise OnnxModelProblem(
            f"{path}: problem_type is {config.problem_type!r}; sentiment needs a model of single_label_classification."
        )
    if sorted(config.id2label) != list(range(len(config.id2label))):
        raise OnnxModelProblem(f"{path}: id2label: its numbers are not 0, 1, 2 and so on; export the model again.")
    meanings = {name: _meaning(name, config) for name in config.id2label.values()}
    if unknown := [name for name, meaning in meanings.items() if meaning is None]:
        raise OnnxModelProblem(
            f"{path}: id2label has {', '.join(unknown)}. Say what they mean, negative, neutral or positive: add "
            f'"labels": {{"{unknown[0]}": "negative", …}}.'
        )
    if absent := {"negative", "positive"} - set(meanings.values()):
        raise OnnxModelProblem(f"{path}: no label means {' or '.join(sorted(absent))}; check id2label and labels.")
    return config


def _meaning(label: str, config: _Config) -> str | None:
    """What a label of id2label means: as labels says, else the one sentiment that its name holds as a word."""
    if label in config.labels:
        return config.labels[label]
    held = [name for name in SENTIMENTS if re.search(rf"\b{name}\b", label, re.IGNORECASE)]
    return held[0] if len(held) == 1 else None


def _sentiments(config: _Config) -> npt.NDArray[np.float64]:
    """Label × sentiment: 1 where the label means it."""
    meanings = [_meaning(config.id2label[number], config) for number in range(len(config.id2label))]
    return np.array([[float(meaning == name) for name in SENTIMENTS] for meaning in meanings])


def _hash(files: list[Path]) -> str:
    """8 hex digits over the contents, which may be of gigabytes."""
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:8]
