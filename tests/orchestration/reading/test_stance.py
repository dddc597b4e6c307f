from datetime import UTC, datetime

import polars as pl
import pytest

from core.contracts.raw import Post
from core.listening import Listening
from core.storage.raw import to_frame
from orchestration.reading.cleaning import last_words
from orchestration.reading.sentiment import PREDICTIONS, load_classifier
from orchestration.reading.stance import about_brand, add_stance, brand_names

NOON = datetime(2026, 1, 5, 4, tzinfo=UTC)


def part_about_brand(text: str, *names: str, others: tuple[str, ...] = (), hashtags: str = "") -> str | None:
    frame = pl.DataFrame({"words": [text], "hashtags": [hashtags]})
    return frame.select(about_brand(pl.col("words"), pl.col("hashtags"), names or ("小米",), others)).item()


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("天气很好，小米太差", "小米太差"),
        ("小米这次，太让人失望了。晚安", "小米这次，太让人失望了"),
        ("今天不开心。小米真好用！睡了", "小米真好用"),
        ("小米太差，真的。车不错。小米售后也差", "小米太差，真的。小米售后也差"),
        # If the part about the brand has no sentiment, its sentence decides; if that has none, the whole post.
        ("再也不买了，小米！晚安", "再也不买了，小米！"),
        ("小米！太让我失望了", "小米！太让我失望了"),
        ("小米", "小米"),
        ("小米😡😡😡", "小米😡😡😡"),
        ("今天不开心", None),
        ("", None),
    ],
)
def test_the_part_of_a_text_about_the_brand(text, about):
    assert part_about_brand(text) == about


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("小米太差劲，华为很好", "小米太差劲，"),
        ("华为很好，小米太差", "小米太差"),
        ("华为和小米都不错", "华为和小米都不错"),
        ("小米比华为好", "小米比华为好"),  # the stretch would be 小米比
        ("vivos和小米都不错", "vivos和小米都不错"),
    ],
)
def test_the_part_about_a_brand_ends_at_the_name_of_another(text, about):
    assert part_about_brand(text, others=("华为", "vivo")) == about


@pytest.mark.parametrize(
    ("text", "names", "about"),
    [
        ("天气好，xiaomi太差了", ("小米", "Xiaomi"), "xiaomi太差了"),
        ("xiaomier太差了", ("小米", "Xiaomi"), None),
        ("坐车，SU7Ultra真快啊", ("SU7",), "SU7Ultra真快啊"),
        ("坐车，SU70真快啊", ("SU7",), None),
        ("小米手机真好", ("小米", "小米手机"), "小米手机真好"),
        ("c++真难用", ("C++",), "c++真难用"),
    ],
)
def test_names_match_as_in_topics(text, names, about):
    assert part_about_brand(text, *names) == about


def test_the_whole_post_is_about_a_brand_that_only_a_hashtag_names():
    assert part_about_brand("天气好，太失望了。晚安", hashtags="手机\n小米") == "天气好，太失望了。晚安"
    assert part_about_brand("天气好，太失望了", hashtags="手机") is None


def listening(*brands: str, aliases: dict[str, list[str]] | None = None) -> Listening:
    window = {"start": "2026-01-01"}
    topics = [
        {"id": f"topic_{number}", "name": brand, "brand": brand, "match": {"any": [brand]}, "window": window}
        for number, brand in enumerate(brands)
    ]
    return Listening.model_validate(
        {"history_start": "2026-01-01", "platforms": ["weibo"], "aliases": aliases or {}, "topics": topics}
    )


def test_a_brand_is_recognised_by_its_aliases():
    listened = listening("小米", "华为", aliases={"小米": ["Xiaomi"], "华为手机": ["华为", "HUAWEI"]})
    assert [brand_names(topic, listened) for topic in listened.topics] == [
        ["小米", "Xiaomi"],
        ["华为", "华为手机", "HUAWEI"],
    ]


def post(text: str, post_id: str) -> Post:
    return Post(
        platform="weibo",
        post_id=post_id,
        post_url="https://weibo.example/1",
        post_type="text",
        text=text,
        posted_at=NOON,
        observed_at=NOON,
        crawl_id="a",
        payload="{}",
    )


def stances(texts: list[str], listened: Listening, *, is_relevant: bool = True) -> pl.DataFrame:
    posts = last_words(to_frame("posts", [post(text, str(number)) for number, text in enumerate(texts)]))
    matches = posts.select("day", "platform", "post_id", is_relevant=pl.lit(is_relevant)).join(
        pl.DataFrame({"topic_id": [topic.id for topic in listened.topics]}), how="cross"
    )
    found = add_stance(matches, posts, listened, load_classifier())
    assert found.drop("stance", "stance_score").equals(matches)
    return found


def test_one_post_has_a_stance_towards_each_brand():
    found = stances(["华为太好用了，喜欢，支持！小米真垃圾，太失望了"], listening("小米", "华为", "苹果"))
    assert found["stance"].to_list() == ["negative", "positive", None]
    assert found["stance_score"][0] < 0 < found["stance_score"][1]
    assert found["stance_score"][2] is None


def test_irrelevant_and_unreadable_posts_have_no_stance():
    assert stances(["小米真垃圾，太失望了"], listening("小米"), is_relevant=False)["stance"].item() is None
    assert stances(["#小米#"], listening("小米"))["stance"].item() is None
    assert stances(["#小米# 太失望了，垃圾"], listening("小米"))["stance"].item() == "negative"


def test_no_posts_have_no_stances():
    found = stances([], listening("小米"))
    assert found.schema == {
        "day": pl.Date,
        "platform": pl.String,
        "post_id": pl.String,
        "is_relevant": pl.Boolean,
        "topic_id": pl.String,
        "stance": pl.String,
        "stance_score": pl.Float64,
    }


def test_the_model_receives_the_target_brand():
    targets: list[str | None] = []

    class Recording:
        model_id = "recording"

        def predict(self, texts: pl.Series, platform: str | None = None, target: str | None = None) -> pl.DataFrame:
            targets.append(target)
            return PREDICTIONS.to_frame()

    posts = last_words(to_frame("posts", []))
    matches = pl.DataFrame(
        schema={
            "day": pl.Date,
            "platform": pl.String,
            "post_id": pl.String,
            "topic_id": pl.String,
            "is_relevant": pl.Boolean,
        }
    )
    add_stance(matches, posts, listening("小米", "华为"), Recording())
    assert targets == ["小米", "华为"]


# Made up: posts that feel one thing, and toward 小米 another.
CONTRASTS = {
    "negative": [
        "今天天气真好，出去玩特别开心。小米手机又死机了，垃圾",
        "喜欢这家餐厅，味道太棒了！就是用小米付款卡死了，气人",
        "我爱华为，拍照太棒了。小米太让人失望了",
        "恭喜我们队夺冠，太开心了！小米直播一直卡，烂透了",
        "感谢好心的师傅帮我修好了车。小米客服态度恶劣，欺骗消费者",
        "祝大家新年快乐，平安喜乐！小米这次真的让人寒心",
        "孩子今天得了奖，太骄傲了。小米的音箱质量太差，后悔买",
        "朋友送的花真漂亮，爱了爱了。小米快递又延误，无语",
    ],
    "positive": [
        "今天被老板骂了，烦死了。还好小米耳机音质很棒，喜欢",
        "堵车两小时，气死我了！小米车机真好用，爱了",
        "华为太垃圾了，气死。小米真香，太喜欢了",
        "天气太热，难受想哭。小米空调太给力了，支持",
        "感冒了好痛苦，失眠。小米客服很贴心，感谢",
        "考试挂了，难过。小米送的礼物太漂亮了，开心",
        "房东太坑，骗子，讨厌。小米电视画质真棒，推荐大家买",
        "又加班，累死，崩溃了！小米手环真好看，喜欢",
    ],
}


def test_it_is_more_often_right_about_the_brand_than_the_whole_post():
    right = {"stance": 0, "post": 0}
    for label, texts in CONTRASTS.items():
        right["stance"] += stances(texts, listening("小米"))["stance"].to_list().count(label)
        right["post"] += load_classifier().predict(pl.Series(texts))["label"].to_list().count(label)
    assert right["stance"] >= 14, right
    assert right["post"] <= right["stance"] - 4, right


@pytest.mark.parametrize("text", ["小米" * 50_000, "，小米" * 20_000, "小" * 100_000 + "小米"])
def test_arbitrary_texts_are_accepted(text):
    assert stances([text], listening("小米"))["stance"].item() in ("negative", "neutral", "positive")
