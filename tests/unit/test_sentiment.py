import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.analysis.sentiment import PREDICTIONS, Classifier, load_classifier
from orchestration.analysis.sentiment.features import CHUNK_TEXTS, HASH_BITS, MAX_CHARS, ngrams, readable
from orchestration.analysis.sentiment.train import (
    calibration_error,
    load_rows,
    macro_f1,
    pack,
    quantise,
    row_weights,
    score,
    train,
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
def test_plain_feelings_are_read(text, label):
    assert predict(text)["label"].item() == label


def test_probabilities_add_up_and_the_label_is_the_likeliest():
    frame = predict("还行吧", "太好了", "骗子公司", "今天星期一")
    assert frame.schema == PREDICTIONS
    assert np.allclose(frame.select(pl.sum_horizontal(PROBABILITIES)).to_series(), 1)
    names = np.array(["negative", "neutral", "positive"])
    assert frame["label"].to_list() == names[frame.select(PROBABILITIES).to_numpy().argmax(axis=1)].tolist()
    assert not frame["abstain"].any()


@pytest.mark.parametrize("text", [None, "", " \n", "\u200b", "https://t.cn/A6xyz"])
def test_where_there_is_nothing_to_read_the_model_abstains(text):
    row = predict(text).row(0, named=True)
    assert (row["label"], row["abstain"]) == ("neutral", True)
    assert [row[name] for name in PROBABILITIES] == [None, None, None]


def test_no_texts_make_an_empty_frame():
    assert predict().schema == PREDICTIONS
    assert predict().height == 0


@settings(max_examples=50)
@given(st.lists(st.text(), max_size=5))
def test_texts_are_judged_alone_whatever_stands_beside_them(texts):
    together = predict(*texts)
    assert together.equals(pl.concat([predict(text) for text in texts] or [predict()]))


def test_order_is_kept_across_chunks():
    texts = [f"第{number}条" + "好" * (number % 7) for number in range(CHUNK_TEXTS + 10)]
    assert predict(*texts)[-1].equals(predict(texts[-1]))
    assert predict(*texts)[CHUNK_TEXTS].equals(predict(texts[CHUNK_TEXTS]))


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01\x1b",
        "😀" * 50,
        "The quick brown fox",
        "это не китайский",
        "ابجد",
        "\U0010ffff",
        "\u202e乱",
        "a" * 100_000,
        "好" * 100_000,
    ],
)
def test_strange_texts_do_no_harm(text):
    assert predict(text)["label"].item() in ("negative", "neutral", "positive")


def test_long_texts_are_read_up_to_the_limit():
    long = "好评" * (MAX_CHARS // 2)
    assert predict(long + "垃圾" * 40_000).equals(predict(long))


def buckets_of(text: str) -> list[int]:
    [chunk] = ngrams(readable(pl.Series([text])))
    return chunk.buckets[:, chunk.starts[0] :].ravel().tolist()


def test_the_packed_sums_are_those_of_the_weights():
    """Against the plain way, for the longest texts and the largest weights too."""
    texts, scales, biases = ["a", "小米", "好" * MAX_CHARS, ""], np.array([0.5, 1, 2]), np.array([0.1, 0, -0.1])
    some = np.random.default_rng(7).integers(-127, 128, (3, 1 << HASH_BITS), np.int8)
    for weights in (some, np.full_like(some, 127), np.full_like(some, -127)):
        sums = [weights[:, buckets].sum(axis=1) / np.sqrt(len(buckets)) for buckets in map(buckets_of, texts)]
        log_odds = Classifier(weights, scales, biases, "test").log_odds(readable(pl.Series(texts)))
        assert np.allclose(log_odds, np.array(sums) * scales + biases)


def test_what_features_do_not_tell_apart():
    assert buckets_of("ＳＵ７ 好") == buckets_of("su9\u3000好 https://t.cn/x")


def test_what_features_tell_apart():
    assert buckets_of("好不") != buckets_of("不好")
    assert len(buckets_of("不好")) == 3 * 3
    assert len(set(buckets_of("不好"))) == 9  # with the break after them, and what stands before


def test_the_model_id_names_the_weights():
    weights, scales = quantise(np.eye(3, 1 << HASH_BITS))
    one, same, other = (pack(weights, scales, np.array([bias, 0.0, 0.0])) for bias in (0.0, 0.0, 1.0))
    ids = [Classifier.from_bytes(packed).model_id for packed in (one, same, other)]
    assert ids[0] == ids[1] != ids[2]
    assert ids[0].startswith("charlin-1-")


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
