"""CODE_VERSION: what reading makes of fixed posts is recorded, so that a change of the code cannot be overlooked."""

from datetime import UTC, datetime

import polars as pl

from core.contracts.enriched import POSTS
from core.contracts.raw import Post
from core.listening import Listening
from core.storage.raw import to_frame
from core.storage.versions import fingerprint
from orchestration.reading.cleaning import last_words
from orchestration.reading.duplicates import hashed
from orchestration.reading.enrich import CODE_VERSION, AnalysisInputs, enrich, enrich_topics
from orchestration.reading.labels import LABELS, RELEVANCE_LABELS
from orchestration.reading.segmentation import segment_posts
from orchestration.reading.sentiment import load_classifier

# If these posts are read in another way: increase CODE_VERSION, so that all days are read again, and record both here.
RECORDED = (5, "cff10ffb8707")

TEXTS = [
    "小米这次找大熊，太让人失望了！！#小米大熊#",
    "转发微博//@合成用户0001:小米米粉都在骂",
    "<p>小米&amp;徐洁云</p> 回应：<br>永不合作 https://example.cn/a",
    "#大熊小米[话题]# 支持小米，KOL 也是人 [微笑]",
    "小米終止與大熊的合作，米粉表示歡迎",
    "ＸＩＡＯＭＩ 小米ＫＯＬ合作😀👍🏽",
    "小米粥真好喝，大熊猫也可爱",
    "小米SU7 和 KOLsomething 没有关系",
    "华为很好，小米太差。小米 KOL 呢？",
    "一碗小米一勺红糖，大熊吃了都说好...全文",
    "小米真有你的，这也能叫售后？大熊",
    "小米！大熊！",
]


def posts() -> pl.DataFrame:
    at = datetime(2026, 1, 5, 4, tzinfo=UTC)
    return to_frame(
        "posts",
        [
            Post(platform="weibo", post_id=str(number), post_url="", post_type="text", text=text, posted_at=at,
                 observed_at=at, crawl_id="a", payload="")
            for number, text in enumerate(TEXTS)
        ],
    )  # fmt: skip


def inputs() -> AnalysisInputs:
    topic = {
        "id": "kol",
        "name": "题",
        "brand": "小米",
        "match": {"all": ["小米"], "any": ["大熊", "徐洁云", "米粉", "KOL"], "none": ["小米粥"]},
        "relevance": {"prior": 0.5, "most_hashtags": 8, "for": {2: ["米粉", "售后"]}, "against": {3: ["一碗", "红糖"]}},
        "window": {"start": "2026-01-01"},
    }
    other = topic | {"id": "phone", "brand": "华为", "match": {"any": ["华为"]}, "relevance": {}}
    listening = Listening.model_validate(
        {
            "history_start": "2026-01-01",
            "platforms": ["weibo"],
            "aliases": {"大熊": ["小米大熊", "大熊小米"]},
            "topics": [topic, other],
        }
    )
    return AnalysisInputs(listening, LABELS.to_frame(), RELEVANCE_LABELS.to_frame(), {}, load_classifier())


def test_posts_are_read_as_recorded_for_the_version_of_the_code():
    """Without the probabilities, whose last digits depend on the processor; the model has an id of its own."""
    given = inputs()
    words = segment_posts(hashed(last_words(posts())), given.listening)
    rows = enrich(words, given.labels, given.classifier, POSTS.to_frame())
    topics = enrich_topics(words, given).drop("stance_score")
    read = [rows.drop("sentiment_score", "p_negative", "p_neutral", "p_positive", "sentiment_model"), topics]
    assert (CODE_VERSION, fingerprint(frame.write_json() for frame in read)) == RECORDED
