"""The ONNX plug-in, on a model and a tokenizer that are made here: the model adds up the weights of characters."""

import json
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from core.problems import Problem
from orchestration.reading.sentiment import PREDICTIONS, load_classifier, onnx_model
from orchestration.reading.sentiment.onnx_model import OnnxModel

onnx = pytest.importorskip("onnx", reason="the dev extra has it")
tokenizers = pytest.importorskip("tokenizers", reason="the onnx extra has it")
pytest.importorskip("onnxruntime", reason="the onnx extra has it")

# What a character adds to the labels' logits, in the order of LABELS.
WEIGHTS = {"[PAD]": (9, 9, 0), "[UNK]": (0, 0, 0), "好": (3, 0, 0), "差": (0, 3, 0), "吗": (0, 0, 3)}
LABELS = ("Positive", "NEGATIVE", "neutral")


def export(folder: Path, names: tuple[str, ...] = LABELS, **config: object) -> Path:
    """A model folder as exporters write it."""
    folder.mkdir(parents=True, exist_ok=True)
    table = np.array(list(WEIGHTS.values()), np.float32)[:, : len(names)]
    helper, numpy_helper, types = onnx.helper, onnx.numpy_helper, onnx.TensorProto
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "input_ids"], ["weights"]),
            helper.make_node("Cast", ["attention_mask"], ["mask"], to=types.FLOAT),
            helper.make_node("Unsqueeze", ["mask", "last"], ["column"]),
            helper.make_node("Mul", ["weights", "column"], ["masked"]),
            helper.make_node("ReduceSum", ["masked", "middle"], ["logits"], keepdims=0),
        ],
        "adds_up",
        [
            helper.make_tensor_value_info(name, types.INT64, ["batch", "sequence"])
            for name in ("input_ids", "attention_mask")
        ],
        [helper.make_tensor_value_info("logits", types.FLOAT, ["batch", len(names)])],
        [
            numpy_helper.from_array(table, "table"),
            numpy_helper.from_array(np.array([2]), "last"),
            numpy_helper.from_array(np.array([1]), "middle"),
        ],
    )
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, opset_imports=[opset], ir_version=8), folder / "model.onnx")

    vocabulary = {token: number for number, token in enumerate(WEIGHTS)}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Split(tokenizers.Regex("."), "isolated")
    tokenizer.save(str(folder / "tokenizer.json"))
    known = {"id2label": {str(number): name for number, name in enumerate(names)}, "pad_token_id": 0}
    (folder / "config.json").write_text(json.dumps(known | config), encoding="utf-8")
    return folder


@pytest.fixture
def model(tmp_path: Path) -> OnnxModel:
    return OnnxModel.from_folder(export(tmp_path / "own"))


def predict(model: OnnxModel, *texts: str | None) -> pl.DataFrame:
    return model.predict(pl.Series(texts, dtype=pl.String))


def test_labels_are_read_by_their_names_in_any_case(model):
    frame = predict(model, "好好", "差", "吗")
    assert frame.schema == PREDICTIONS
    assert frame["label"].to_list() == ["positive", "negative", "neutral"]
    assert frame["p_positive"][0] == pytest.approx(np.exp(6) / (np.exp(6) + 2))
    assert np.allclose(frame.select(pl.sum_horizontal("p_negative", "p_neutral", "p_positive")).to_series(), 1)
    assert frame["model_id"].unique().to_list() == [model.model_id]


@pytest.mark.parametrize("text", [None, "", " \n", "\u200b", "https://t.cn/A6xyz"])
def test_texts_without_words_have_no_prediction(model, text):
    row = predict(model, "好", text).row(1, named=True)
    assert (row["label"], row["abstain"], row["p_negative"]) == ("neutral", True, None)


def test_no_texts_make_an_empty_frame(model):
    assert predict(model).schema == PREDICTIONS
    assert predict(model).height == 0


def test_other_texts_of_a_batch_do_not_change_a_prediction(model, monkeypatch):
    """The other texts have other lengths, batches and chunks. Padding, which has a large weight here, is masked."""
    monkeypatch.setattr(onnx_model, "BATCH_TOKENS", 40)
    monkeypatch.setattr(onnx_model, "CHUNK_TEXTS", 7)
    texts = ["好" * (number % 5) + "差" * (number % 3) + "某" * number + "吗" for number in range(20)]
    together = predict(model, *texts, None)
    assert together.equals(pl.concat([predict(model, text) for text in [*texts, None]]))


def test_only_the_first_tokens_are_read(tmp_path):
    short = OnnxModel.from_folder(export(tmp_path / "short", max_position_embeddings=12))
    assert predict(short, "差" + "某" * 9 + "好" * 9).drop("model_id").equals(predict(short, "差").drop("model_id"))
    assert predict(short, "好" * 100_000)["label"].item() == "positive"


def test_labels_that_mean_one_sentiment_are_added_up(tmp_path):
    meanings = {"LABEL_0": "positive", "LABEL_1": "negative", "LABEL_2": "negative"}
    model = OnnxModel.from_folder(export(tmp_path / "own", tuple(meanings), labels=meanings))
    row = predict(model, "好").row(0, named=True)
    assert row["p_negative"] == pytest.approx(2 / (np.exp(3) + 2))
    assert row["p_neutral"] == 0


def test_a_model_without_neutral_never_predicts_it(tmp_path):
    names = ("positive (stars 4 and 5)", "negative (stars 1, 2 and 3)")
    frame = predict(OnnxModel.from_folder(export(tmp_path / "own", names)), "好", "差")
    assert frame["label"].to_list() == ["positive", "negative"]


def test_the_model_id_names_the_folder_and_hashes_what_the_scores_depend_on(tmp_path):
    one, same = (OnnxModel.from_folder(export(tmp_path / name / "own")).model_id for name in "ab")
    assert one == same
    assert one.startswith("onnx-own-")
    (tmp_path / "a/own/model.onnx_data").write_bytes(b"other weights")
    assert OnnxModel.from_folder(tmp_path / "a/own").model_id != one
    assert OnnxModel.from_folder(export(tmp_path / "b/own", max_position_embeddings=12)).model_id != one


@pytest.mark.parametrize(
    ("labels", "config", "message"),
    [
        (
            ("LABEL_0", "LABEL_1", "LABEL_2"),
            {},
            'LABEL_0, LABEL_1, LABEL_2. Map each to negative, neutral or positive.*"labels"',
        ),
        (("positive", "neutral"), {}, "no label means negative"),
        (LABELS, {"problem_type": "multi_label_classification"}, "single_label_classification"),
        (LABELS, {"labels": {"Positive": "good"}}, "config.json: labels.Positive"),
        (LABELS, {"id2label": {"0": "positive", "2": "negative"}}, "the keys of id2label"),
        (LABELS, {"id2label": {"0": "positive", "1": "negative"}}, "returns 3 scores, but config.json has 2"),
    ],
)
def test_an_unsuitable_config_is_a_problem_with_its_remedy(tmp_path, labels, config, message):
    with pytest.raises(Problem, match=message):
        OnnxModel.from_folder(export(tmp_path / "own", labels, **config))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json", "config.json"])
def test_files_that_are_missing_or_damaged_are_named(tmp_path, name):
    folder = export(tmp_path / "own")
    (folder / name).write_bytes(b"{")
    with pytest.raises(Problem, match=name):
        OnnxModel.from_folder(folder)
    (folder / name).unlink()
    with pytest.raises(Problem, match=f"{name} not found"):
        OnnxModel.from_folder(folder)


def test_a_missing_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(Problem, match=r"onnxruntime is not installed.*\[onnx\]"):
        OnnxModel.from_folder(export(tmp_path / "own"))


def test_the_environment_chooses_the_model(tmp_path, monkeypatch):
    monkeypatch.delenv("TINGFENG_SENTIMENT", raising=False)
    assert load_classifier().model_id.startswith("charlin-")
    monkeypatch.setenv("TINGFENG_SENTIMENT", "embedded")
    assert load_classifier().model_id.startswith("charlin-")
    monkeypatch.setenv("TINGFENG_SENTIMENT", f"onnx:{export(tmp_path / 'own')}")
    assert load_classifier().model_id.startswith("onnx-own-")
    assert load_classifier() is load_classifier()


@pytest.mark.parametrize("value", ["bert", "onnx", "onnx:", "Embedded"])
def test_an_unknown_model_is_an_error(monkeypatch, value):
    monkeypatch.setenv("TINGFENG_SENTIMENT", value)
    with pytest.raises(Problem, match=f"TINGFENG_SENTIMENT is '{value}'"):
        load_classifier()
