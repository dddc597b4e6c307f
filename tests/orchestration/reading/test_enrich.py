from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from core.contracts.enriched import MODEL_CHANGES, POST_TOPICS, POSTS, by_day
from core.contracts.raw import Post
from core.listening import Listening, Match, Topic, Window
from core.platforms import Platform
from core.storage.raw import to_frame
from orchestration.reading.cleaning import last_words
from orchestration.reading.duplicates import hashed
from orchestration.reading.enrich import (
    AnalysisInputs,
    enrich,
    enrich_topics,
    model_changes,
)
from orchestration.reading.labels import LABELS, RELEVANCE_LABELS
from orchestration.reading.segmentation import segment_posts
from orchestration.reading.sentiment import SentimentModel, load_classifier

NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)
NO_LABELS = LABELS.to_frame()
NOTHING_BEFORE = POSTS.to_frame()


def post(
    text: str, post_id: str = "1", *, platform: Platform = "weibo", hours: int = 0, title: str | None = None
) -> Post:
    return Post(
        platform=platform,
        post_id=post_id,
        post_url="https://weibo.example/1",
        post_type="text",
        title=title,
        text=text,
        posted_at=NOON,
        observed_at=NOON + timedelta(hours=hours),
        crawl_id="a",
        payload="{}",
    )


def label(sentiment: str, post_id: str = "1", platform: str = "weibo", labeller: str = "甲") -> pl.DataFrame:
    return pl.DataFrame([(platform, post_id, sentiment, labeller, NOON, None)], schema=LABELS, orient="row")


def enriched(
    *posts: Post,
    labels: pl.DataFrame = NO_LABELS,
    classifier: SentimentModel | None = None,
    before: pl.DataFrame = NOTHING_BEFORE,
) -> pl.DataFrame:
    words = segment_posts(hashed(last_words(to_frame("posts", posts))), listening())
    frame = enrich(words, labels, classifier or load_classifier(), before)
    assert frame.schema == by_day(POSTS)
    return frame.drop("day")


def test_one_row_a_post_with_its_last_words():
    frame = enriched(post("后来的话", hours=2), post("起初的话"), post("起初的话", platform="zhihu", title="问题"))
    assert frame.select("platform", "post_id", "text", "text_clean").rows() == [
        ("weibo", "1", "后来的话", "后来的话"),
        ("zhihu", "1", "问题\n起初的话", "问题 起初的话"),
    ]


def test_no_posts_make_an_empty_frame():
    assert enriched().height == 0


def test_posts_without_an_analysts_label_have_the_models():
    row = enriched(post("太失望了，垃圾，骗子"), labels=label("positive", "2")).row(0, named=True)
    assert (row["sentiment"], row["model_sentiment"], row["sentiment_source"]) == ("negative", "negative", "model")
    assert row["sentiment_score"] == pytest.approx(row["p_positive"] - row["p_negative"])
    assert row["sentiment_model"] == load_classifier().model_id


@pytest.mark.parametrize(("sentiment", "score"), [("negative", -1), ("neutral", 0), ("positive", 1)])
def test_an_analysts_label_overrides_the_model_whose_label_is_kept(sentiment, score):
    row = enriched(post("太失望了，垃圾，骗子"), labels=label(sentiment)).row(0, named=True)
    assert (row["sentiment"], row["sentiment_score"], row["sentiment_source"]) == (sentiment, score, "analyst")
    assert row["model_sentiment"] == "negative"
    assert row["p_negative"] > 0.5


def test_a_label_applies_to_the_post_of_its_platform():
    frame = enriched(
        post("好", platform="weibo"), post("好", platform="zhihu"), labels=label("negative", platform="zhihu")
    )
    assert frame["sentiment_source"].to_list() == ["model", "analyst"]


def test_a_repost_without_words_is_neutral_with_no_probabilities():
    row = enriched(post("转发微博//@合成用户0001:太失望了，垃圾")).row(0, named=True)
    assert (row["text_clean"], row["repost_tail"], row["text_hash"]) == ("", "//@合成用户0001:太失望了，垃圾", None)
    assert (row["sentiment"], row["sentiment_score"], row["p_negative"]) == ("neutral", 0, None)


def test_equal_words_have_one_hash_across_platforms():
    frame = enriched(post("小米终止合作！"), post("小米终止合作", platform="zhihu"), post("小米声明", "2"))
    assert frame["text_hash"].n_unique() == 2


def listening(**changes: object) -> Listening:
    topic = {
        "id": "kol",
        "name": "小米与KOL",
        "brand": "小米",
        "platforms": ["zhihu", "weibo"],
        "queries": ["小米 KOL", "小米 大熊", "小米 KOL"],
        "match": Match(all=["小米"], any=["KOL"]),
        "window": Window(start=date(2026, 1, 1)),
    }
    return Listening(
        history_start=date(2026, 1, 1),
        platforms=["weibo", "zhihu", "douyin"],
        aliases=changes.pop("aliases", {}),
        topics=[Topic(**(topic | changes))],
    )


NO_RELEVANCE_LABELS = RELEVANCE_LABELS.to_frame()
RICE = pl.DataFrame([("weibo", "1", None, "kol", False)], schema=RELEVANCE_LABELS, orient="row")


def inputs(
    labels: pl.DataFrame = NO_LABELS,
    relevance_labels: pl.DataFrame = NO_RELEVANCE_LABELS,
    relevance_models: dict[str, pl.DataFrame] | None = None,
    **changes: object,
) -> AnalysisInputs:
    return AnalysisInputs(listening(**changes), labels, relevance_labels, relevance_models or {}, load_classifier())


def test_topics_are_matched_by_aliases_and_judged_by_labels():
    posts = last_words(to_frame("posts", [post("小米 #网红#"), post("小米和KOL", "2")]))
    found = enrich_topics(posts, inputs(aliases={"KOL": ["网红"]}, relevance_labels=RICE))
    assert found.schema == by_day(POST_TOPICS)
    assert found.drop("day", "stance", "stance_score").rows() == [
        ("weibo", "1", "kol", "all: 小米; any: KOL", False, "label"),
        ("weibo", "2", "kol", "all: 小米; any: KOL", True, "nothing for or against"),
    ]


def test_stance_is_towards_the_brand_and_sentiment_of_the_whole_post():
    written = post("恭喜我们队夺冠，太开心了，喜欢！小米KOL太让人失望了，垃圾")
    [stance] = enrich_topics(last_words(to_frame("posts", [written])), inputs())["stance"]
    [elsewhere] = enrich_topics(last_words(to_frame("posts", [written])), inputs(brand="华为"))["stance"]
    assert (stance, elsewhere) == ("negative", None)


def test_posts_are_flagged_for_audit():
    flags = enriched(post("小米真有你的，这也能叫售后？"), post("太失望了", "2"))["audit_flags"]
    assert flags.to_list() == [["question", "irony_cue"], []]


class Recording:
    """The shipped classifier under another name. It records the texts that it classifies."""

    def __init__(self, model_id: str) -> None:
        self.model_id = model_id
        self.texts: list[str] = []

    def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
        self.texts += texts.to_list()
        return load_classifier().predict(texts).with_columns(model_id=pl.lit(self.model_id))


def test_a_model_classifies_a_text_once():
    first, second = Recording("one"), Recording("two")
    posts = [post("小米让人失望"), post("小米让人失望", "2"), post("挺好", "3")]
    before = enriched(*posts, classifier=first)
    assert sorted(first.texts) == ["小米让人失望", "挺好"]
    assert before["model_sentiment"].to_list() == enriched(*posts)["model_sentiment"].to_list()

    again = enriched(*posts, post("新的话", "4"), classifier=first, before=before)
    assert first.texts[2:] == ["新的话"]
    assert again.filter(pl.col("post_id") != "4").equals(before)

    enriched(*posts, classifier=second, before=before)
    assert len(second.texts) == 2


def test_model_changes_have_a_row_per_post():
    before = enriched(post("小米让人失望"), post("挺好", "2"), classifier=Recording("one"))
    flipped = before.with_columns(sentiment_model=pl.lit("two"), model_sentiment=pl.lit("positive"))
    changes = model_changes(before, flipped)
    assert changes.schema == MODEL_CHANGES
    assert changes.row(0) == ("weibo", "1", "one", "two", before["model_sentiment"][0], "positive")
    assert changes.height == 2
    assert model_changes(before, before).is_empty()
    assert model_changes(NOTHING_BEFORE, flipped).is_empty()


def test_audited_posts_keep_their_weight():
    weighed = label("negative").with_columns(audit_weight=pl.lit(7.5))
    assert enriched(post("好"), post("好", "2"), labels=weighed)["audit_weight"].to_list() == [7.5, None]
