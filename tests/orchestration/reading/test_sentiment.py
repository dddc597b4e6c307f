import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.problems import Problem
from orchestration.reading.labels import LabelProblem
from orchestration.reading.sentiment import PREDICTIONS, Classifier, load_classifier
from orchestration.reading.sentiment.classifier import FOREIGN, UNREAD, VECTOR_BITS, VECTOR_SIZES, Weights
from orchestration.reading.sentiment.features import CHUNK_CHARS, HASH_BITS, MAX_CHARS, ngrams, readable
from orchestration.reading.sentiment.train import (
    calibration_error,
    load_labels,
    load_rows,
    macro_f1,
    pack,
    row_weights,
    score,
    train,
    train_own,
)

PROBABILITIES = ["p_negative", "p_neutral", "p_positive"]


def predict(*texts: str | None) -> pl.DataFrame:
    return load_classifier().predict(pl.Series(texts, dtype=pl.String))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("太失望了，再也不买了，垃圾", "negative"),
        ("气死我了，客服态度恶劣，欺骗消费者[怒]", "negative"),
        ("特别喜欢，开心，太棒了，支持！[爱你]", "positive"),
        ("感谢你们，最美的天使，加油[心]", "positive"),
        ("请问几点开始？", "neutral"),
    ],
)
def test_plain_sentiments_are_recognised(text, label):
    assert predict(text)["label"].item() == label


def test_probabilities_add_up_and_the_label_is_the_likeliest():
    frame = predict("还行吧", "太好了", "骗子公司", "今天星期一")
    assert frame.schema == PREDICTIONS
    assert np.allclose(frame.select(pl.sum_horizontal(PROBABILITIES)).to_series(), 1)
    names = np.array(["negative", "neutral", "positive"])
    assert frame["label"].to_list() == names[frame.select(PROBABILITIES).to_numpy().argmax(axis=1)].tolist()
    assert not frame["abstain"].any()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, UNREAD),
        ("", UNREAD),
        (" \n", UNREAD),
        ("\u200b\x00", UNREAD),
        ("https://t.cn/A6xyz", UNREAD),
        ("[图片] [图片]", UNREAD),
        ("分享图片 https://t.cn/A6xyz", UNREAD),
        ("The quick brown fox", FOREIGN),
        ("это не китайский", FOREIGN),
        ("ابجد", FOREIGN),
        ("ありがとうございます、最高です", FOREIGN),
        ("정말 좋아요", FOREIGN),
        ("这 " + "is not Chinese but for one word " * 10, FOREIGN),
    ],
)
def test_texts_without_words_have_no_prediction_and_a_reason(text, reason):
    row = predict(text).row(0, named=True)
    assert (row["label"], row["abstain"], row["abstain_reason"]) == ("neutral", True, reason)
    assert [row[name] for name in PROBABILITIES] == [None, None, None]


@pytest.mark.parametrize("text", ["yyds", "666", "😀😀", "[心]", "iPhone 17 Pro Max 真香", "の 好看", "𠮷野家好吃"])
def test_emoticons_and_other_signs_are_recognised(text):
    assert predict(text).select("abstain", "abstain_reason").row(0) == (False, None)


def test_no_texts_make_an_empty_frame():
    assert predict().schema == PREDICTIONS
    assert predict().height == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(), max_size=5))
def test_other_texts_of_a_batch_do_not_change_a_prediction(texts):
    together = predict(*texts)
    assert together.equals(pl.concat([predict(text) for text in texts] or [predict()]))


def test_order_is_kept_across_chunks():
    texts = [f"第{number}条" + "好" * (number % 7) for number in range(CHUNK_CHARS // 8)]
    assert len(list(ngrams(readable(pl.Series(texts))))) > 1
    frame = predict(*texts)
    for number in (0, CHUNK_CHARS // 12, len(texts) - 1):
        assert frame[number].equals(predict(texts[number]))


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01\x1b",
        "😀" * 50,
        "\U0010ffff",
        "\ufffd\ufffe",
        "\u202e乱",
        "[" * 1_000,
        "@" * 1_000,
        "a" * 100_000,
        "好" * 100_000,
        "\n" * 100_000 + "好",
    ],
)
def test_arbitrary_texts_are_accepted(text):
    assert predict(text)["label"].item() in ("negative", "neutral", "positive")


def test_long_texts_are_read_up_to_the_limit():
    long = "好评" * (MAX_CHARS // 2)
    assert predict(long + "垃圾" * 40_000).equals(predict(long))


def buckets_of(text: str) -> np.ndarray:
    [chunk] = ngrams(readable(pl.Series([text])))
    return chunk.buckets[:, chunk.starts[0] :]


def some_weights(linear: np.ndarray, vectors: np.ndarray) -> Weights:
    """A model with two units of two dimensions."""
    return Weights(
        linear=linear,
        linear_scale=np.array([0.5, 1, 2], np.float32),
        vectors=vectors,
        vector_scale=np.array([0.25, 1], np.float32),
        hidden=np.array([[1, -1], [0.5, 2]], np.float32),
        hidden_bias=np.array([0.1, -0.2], np.float32),
        out=np.array([[1, 0, -1], [0, 1, 0]], np.float32),
        bias=np.array([0.1, 0, -0.1], np.float32),
    )


def test_the_packed_sums_are_those_of_the_weights():
    """Compared with a plain sum, also for the longest texts and the largest weights."""
    texts, chance = ["a", "小米", "好" * MAX_CHARS, ""], np.random.default_rng(7)
    linear = chance.integers(-127, 128, (3, 1 << HASH_BITS), np.int8)
    vectors = chance.integers(-127, 128, (2, 1 << VECTOR_BITS), np.int8)
    for model in (
        some_weights(linear, vectors),
        some_weights(np.full_like(linear, 127), np.full_like(vectors, 127)),
        some_weights(np.full_like(linear, -127), np.full_like(vectors, -127)),
    ):
        expected = []
        for buckets in map(buckets_of, texts):
            root = np.sqrt(buckets.size)
            summed = model.vectors[:, buckets[:VECTOR_SIZES] >> (HASH_BITS - VECTOR_BITS)].sum(axis=(1, 2)) / root
            units = np.maximum(summed * model.vector_scale @ model.hidden + model.hidden_bias, 0)
            margins = model.linear[:, buckets].sum(axis=(1, 2)) / root * model.linear_scale
            expected.append(margins + units @ model.out + model.bias)
        margins, _ = Classifier(model, "test").log_odds(readable(pl.Series(texts)))
        assert np.allclose(margins, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＳＵ７ 好", "su9\u3000好 https://t.cn/x"),
        ("質量太差，後悔買了", "质量太差，后悔买了"),
        ("@某某某 好\t看", "@另一个人 好\n看"),
    ],
)
def test_texts_with_equal_features(one, other):
    assert np.array_equal(buckets_of(one), buckets_of(other))


def test_texts_with_different_features():
    assert not np.array_equal(buckets_of("好不"), buckets_of("不好"))
    assert buckets_of("不好").size == 3 * 3
    assert len(np.unique(buckets_of("不好"))) == 9  # with the break after them and the text before


def test_the_model_id_names_the_weights():
    model = some_weights(np.zeros((3, 8), np.int8), np.zeros((2, 8), np.int8))
    packed = [pack(model._replace(bias=np.full(3, bias, np.float32))) for bias in (0, 0, 1)]
    ids = [Classifier.from_bytes(one).model_id for one in packed]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("charlin-2-")


def test_the_environment_selects_ones_own_model(tmp_path, monkeypatch):
    packed = pack(some_weights(np.zeros((3, 8), np.int8), np.zeros((2, 8), np.int8)))
    (tmp_path / "own.npz").write_bytes(packed)
    monkeypatch.setenv("TINGFENG_SENTIMENT", f"embedded:{tmp_path / 'own.npz'}")
    assert load_classifier().model_id == Classifier.from_bytes(packed).model_id
    assert load_classifier() is load_classifier()
    again = pack(some_weights(np.ones((3, 8), np.int8), np.zeros((2, 8), np.int8)))
    (tmp_path / "own.npz").write_bytes(again)  # trained again, while the daemon runs
    assert load_classifier().model_id == Classifier.from_bytes(again).model_id
    monkeypatch.setenv("TINGFENG_SENTIMENT", f"embedded:{tmp_path / 'none.npz'}")
    with pytest.raises(Problem, match=r"there is no file .*none\.npz; .* a file that 'tingfeng train sentiment' wrote"):
        load_classifier()


@pytest.mark.parametrize("content", [b"", b"not a model", pack(some_weights(np.zeros((3, 8)), np.zeros((2, 8))))[:-99]])
def test_a_broken_model_file_is_a_problem_with_its_remedy(tmp_path, monkeypatch, content):
    (tmp_path / "own.npz").write_bytes(content)
    monkeypatch.setenv("TINGFENG_SENTIMENT", f"embedded:{tmp_path / 'own.npz'}")
    with pytest.raises(Problem, match=r"own\.npz: not a readable sentiment model .* Train it again"):
        load_classifier()


def own_labels(path, *rows):
    path.write_text("\n".join(["post_id,text,sentiment", *rows]) + "\n", encoding="utf-8-sig")
    return [path]


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        (["1,好,good"], "'good' is not one of negative, neutral, positive"),
        (["1,好,"], "None is not one of"),
        (["1,好,positive", "2,坏,negative"], "fewer than 20 texts are labelled negative, neutral, positive"),
    ],
)
def test_own_labels_that_cannot_be_used_are_named(tmp_path, rows, problem):
    with pytest.raises(LabelProblem, match=problem):
        load_labels(own_labels(tmp_path / "own.csv", *rows))


def test_own_labels_need_their_columns(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("content,sentiment\n好,positive\n", encoding="utf-8")
    with pytest.raises(LabelProblem, match=r"own.csv: no column text"):
        load_labels([path])


def test_ones_own_model_learns_from_errors_of_the_shipped_one(tmp_path):
    """In this made-up domain 糖 and 盐 express moods that a general model cannot know."""
    pytest.importorskip("sklearn", reason="training needs the train extra")
    words = {"negative": "糖来了", "neutral": "醋来了", "positive": "盐来了"}
    rows = [f"{number},{text}{chr(0x4E00 + number)},{label}" for label, text in words.items() for number in range(40)]
    general = load_classifier()
    packed, scores = train_own(general, load_labels(own_labels(tmp_path / "own.csv", *rows)))
    own = Classifier.from_bytes(packed)
    assert own.predict(pl.Series(words.values()))["label"].to_list() == list(words)
    assert own.model_id != general.model_id
    macro_f1 = dict(scores.iter_rows())
    assert macro_f1["own"] > 0.95 > macro_f1["general"]


def test_classes_are_balanced_inside_a_set_and_reviews_count_less():
    rows = pl.DataFrame({"dataset": ["posts"] * 5 + ["waimai_10k"] * 2, "label": [0, 0, 0, 0, 2, 0, 2]})
    weights = row_weights(rows)
    assert weights[4] == pytest.approx(2 * weights[0])  # a fourth as many, to the power of a half
    assert weights[:5].sum() == pytest.approx(5)
    assert weights[5:].sum() == pytest.approx(0.2)


def test_scores():
    assert macro_f1(pl.Series(["a", "a", "b"]), pl.Series(["a", "b", "b"])) == pytest.approx(2 / 3)
    assert macro_f1(pl.Series(["a", "b"]), pl.Series(["c", "c"])) == 0
    assert calibration_error(pl.Series([True, False]), pl.Series([0.55, 0.55])) == pytest.approx(0.05)


@pytest.mark.slow
def test_training_makes_the_same_model_of_the_same_rows(tmp_path):
    pytest.importorskip("sklearn", reason="training needs the train extra")
    words = {"negative": "垃圾失望", "neutral": "请问几点", "positive": "喜欢开心"}
    rows = [
        ("posts", "train", label, f"{text}{number}")
        for label, text in words.items()
        for number in "一二三四五六七八九十"
    ]
    pl.DataFrame(rows, schema=["dataset", "split", "label", "text"], orient="row").write_parquet(
        tmp_path / "posts.parquet"
    )
    loaded = load_rows(tmp_path)
    packed = train(loaded)
    assert packed == train(loaded)
    assert score(loaded, Classifier.from_bytes(packed)).select("dataset", "macro_f1").rows() == [("posts", 1.0)]


def test_the_shipped_model_on_the_labelled_sets(shared):
    """The dev scores of MODEL_CARD.md; a change of the features without training shows here."""
    rows = load_rows(shared / "sentiment").filter("is_dev", pl.col("dataset").str.starts_with("smp2020"))
    f1 = dict(score(rows, load_classifier()).select("dataset", "macro_f1").iter_rows())
    assert f1["smp2020_usual"] >= 0.76
    assert f1["smp2020_virus"] >= 0.74
