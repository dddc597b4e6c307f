from datetime import timedelta
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.listening import load_listening
from orchestration.reading.cleaning import clean
from orchestration.reading.duplicates import hashed
from orchestration.reading.segmentation import segment_posts
from orchestration.statistics.focuses import MOST_FOCUSES, NEAR, TEXT_FOCUSES, find_focuses, kept_ids
from sandbox.corpus import SandboxPost
from sandbox.wording import PHRASES

NOTHING = TEXT_FOCUSES.to_frame()
# What people say of three things, each in three wordings.
PRICE = ("价格 太贵", "降价 太快 价格 乱", "价格 不值")
BATTERY = ("电池 老化 续航", "续航 不行 电池 老化", "电池 老化 发烫")
CLERK = ("客服 不理人", "客服 态度 差", "等了半天 客服 没 回复")


def posts(*texts: str, topic_id: str = "t", sentiment: str = "negative") -> pl.DataFrame:
    """Posts with these segmented texts, each in its own near-duplicate group."""
    return pl.DataFrame(
        {
            "topic_id": [topic_id] * len(texts),
            "text_uid": [f"weibo:{topic_id}{number:05}" for number in range(len(texts))],
            "sentiment": [sentiment] * len(texts),
            "duplicate_group_id": [f"{topic_id}{number}" for number in range(len(texts))],
            "segmented": list(texts),
        },
        schema_overrides={"segmented": pl.String, "topic_id": pl.String, "text_uid": pl.String}
        | {"sentiment": pl.String, "duplicate_group_id": pl.String},
    )


COMPLAINTS = posts(*(text for text in (*PRICE, *BATTERY, *CLERK) for _ in range(8)), *["小米 加油"] * 30)


def said_of(found: pl.DataFrame, focus_id: str) -> set[str]:
    uids = found.filter(focus_id=focus_id)["text_uid"]
    return set(COMPLAINTS.filter(pl.col("text_uid").is_in(uids.implode()))["segmented"])


def test_posts_about_the_same_point_form_a_focus():
    found = find_focuses(COMPLAINTS, NOTHING)
    assert found.schema == TEXT_FOCUSES
    for hub, texts in {"价格": PRICE, "电池": BATTERY, "客服": CLERK}.items():
        assert said_of(found, f"t:{hub}") == set(texts)
        assert hub in found.filter(focus_id=f"t:{hub}")["label"][0]
    assert found["fit"].is_between(NEAR, 1).all()


def test_a_post_can_have_several_focuses_or_none():
    more = posts("价格 太贵 | 客服 态度 差", "哈哈 | 路过", "", "失望", "今天 天气 真 好")
    more = more.with_columns(
        text_uid=pl.concat_str(pl.lit("zhihu:"), pl.int_range(pl.len())),
        duplicate_group_id="z" + pl.col("duplicate_group_id"),
    )
    found = find_focuses(pl.concat([COMPLAINTS, more]), NOTHING)
    others = found.filter(pl.col("text_uid").str.starts_with("zhihu"))
    assert others.select("text_uid", "focus_id").rows() == [("zhihu:0", "t:价格"), ("zhihu:0", "t:客服")]


def test_neutral_posts_form_no_focus_but_are_matched_to_existing_ones():
    news = posts(*["发布会 定档"] * 40, "价格 太贵", sentiment="neutral").with_columns(
        text_uid="news" + pl.col("text_uid")
    )
    found = find_focuses(pl.concat([COMPLAINTS, news]), NOTHING)
    assert found.filter(pl.col("text_uid").str.starts_with("news"))["focus_id"].to_list() == ["t:价格"]
    assert find_focuses(news, NOTHING).is_empty()


def test_the_result_does_not_depend_on_the_order_of_posts():
    assert find_focuses(COMPLAINTS.reverse(), NOTHING).equals(find_focuses(COMPLAINTS, NOTHING))


def test_each_topic_has_its_own_focuses():
    others = COMPLAINTS.with_columns(topic_id=pl.lit("u"), text_uid="u" + pl.col("text_uid"))
    found = find_focuses(pl.concat([COMPLAINTS, others]), NOTHING)
    assert found.filter(topic_id="t").equals(find_focuses(COMPLAINTS, NOTHING))
    assert set(found.filter(topic_id="u")["focus_id"].str.slice(0, 2)) == {"u:"}


def test_copies_count_as_one_voice():
    wave = posts(*["转发 抽奖"] * 500).with_columns(duplicate_group_id=pl.lit("w"), text_uid="w" + pl.col("text_uid"))
    assert set(find_focuses(pl.concat([COMPLAINTS, wave]), NOTHING)["focus_id"]) == set(
        find_focuses(COMPLAINTS, NOTHING)["focus_id"]
    )


@pytest.mark.parametrize(
    "texts",
    [[], [""], ["失望"], ["价格 太贵"], [""] * 50, ["价格 太贵"] * 50, [" | ".join(["价格 太贵"] * 20_000)] * 6],
)
def test_few_or_odd_posts_have_at_most_one_focus(texts):
    assert find_focuses(posts(*texts), NOTHING)["focus_id"].n_unique() <= 1


def test_a_focus_keeps_its_id_when_its_hub_changes():
    first = find_focuses(COMPLAINTS, NOTHING)
    # On the next day 续航 replaces 电池.
    more = posts(*["续航 不行 老化", "续航 电池 老化", "续航 不行 鼓包"] * 10)
    more = more.with_columns(text_uid="m" + pl.col("text_uid"), duplicate_group_id="m" + pl.col("duplicate_group_id"))
    second = pl.concat([COMPLAINTS.filter(~pl.col("segmented").str.starts_with("电池")), more])
    assert "t:续航" in find_focuses(second, NOTHING)["focus_id"]
    assert set(find_focuses(second, first)["focus_id"]) == set(first["focus_id"])


def test_ids_are_matched_by_similarity_and_assigned_once():
    before = {"t:钱": "钱 收 广告 博主", "t:卖": "卖 闲鱼 换"}
    assert kept_ids("t", ["收 钱 广告 恰饭", "钱 收 广告 博主", "公关 道歉"], before) == ["t:收", "t:钱", "t:公关"]
    assert kept_ids("t", ["卖 房子 车 票"], before) == ["t:房子"]  # the vocabulary of t:卖 is too different


def test_a_focus_whose_only_word_is_the_id_of_another_gets_a_number():
    assert kept_ids("t", ["卖 决定 成本", "卖"], {"t:卖": "卖 决定 成本 图"}) == ["t:卖", "t:卖-2"]
    assert kept_ids("t", ["卖", "卖 决定 成本"], {"t:卖": "卖 决定 成本 图", "t:卖-2": "雨 伞"}) == ["t:卖-3", "t:卖"]


# Few words, so that vocabularies overlap and hubs repeat; the hubs of one build differ.
VOCABULARIES = st.lists(
    st.lists(st.sampled_from("卖钱图票伞雨"), min_size=1, max_size=4, unique=True),
    max_size=6,
    unique_by=lambda words: words[0],
)


@given(builds=st.lists(VOCABULARIES, min_size=1, max_size=6))
def test_ids_are_unique_in_each_build_of_a_changing_topic(builds: list[list[list[str]]]) -> None:
    before: dict[str, str] = {}
    for words in builds:
        vocabularies = [" ".join(of_focus) for of_focus in words]
        ids = kept_ids("t", vocabularies, before)
        assert len(set(ids)) == len(vocabularies)
        assert all(focus_id.startswith("t:") for focus_id in ids)
        unchanged = {focus_id for focus_id, vocabulary in before.items() if vocabulary in vocabularies}
        assert unchanged <= set(ids)
        before = dict(zip(ids, vocabularies, strict=True))


@pytest.fixture(scope="module")
def event(sandbox_corpus: list[SandboxPost]) -> pl.DataFrame:
    event_posts = [post for post in sandbox_corpus if post.in_event]
    frame = pl.DataFrame(
        {
            "topic_id": "t",
            "text_uid": [f"{post.platform}:{post.post_id}" for post in event_posts],
            "day": [(post.posted_at + timedelta(hours=8)).date() for post in event_posts],
            "sentiment": [post.sentiment for post in event_posts],
            "truth": [post.focus for post in event_posts],
            "hashtags": [list(post.hashtags) for post in event_posts],
        }
    )
    frame = frame.hstack(clean(pl.Series([f"{post.title or ''}\n{post.text}" for post in event_posts])))
    return segment_posts(hashed(frame), load_listening()).with_columns(
        duplicate_group_id=pl.coalesce("text_hash", "text_uid")
    )


def test_the_four_claims_of_the_event_are_focuses(event: pl.DataFrame):
    """Each of the four claims has its own focus: the share of its posts that make the claim is over 1.9 times that
    of all posts, and the words of the claim are among its words.

    The data allow no stronger test: a post of the event makes one claim, in one of about twenty wordings that share few
    words, and names the event in other sentences, which contain 用户, 钱 and 公关 too.
    """
    found = find_focuses(event, NOTHING)
    assert 4 <= found["focus_id"].n_unique() <= MOST_FOCUSES
    usual = dict(event.drop_nulls("truth")["truth"].value_counts(normalize=True).rows())
    of_focus = found.join(event.select("text_uid", "truth").drop_nulls("truth"), on="text_uid")
    shares = (
        of_focus.group_by("focus_id", "vocabulary", "truth")
        .len()
        .with_columns(share=pl.col("len") / pl.col("len").sum().over("focus_id"))
        .with_columns(lift=pl.col("share") / pl.col("truth").replace_strict(usual))
        .sort("lift", descending=True)
    )
    for truth in (1, 2, 3, 4):
        best = shares.filter(truth=truth).row(0, named=True)
        assert best["lift"] > 1.9, best
        assert shares.filter(focus_id=best["focus_id"])["truth"][0] == truth
        assert best["len"] >= 30
        claims = "".join(PHRASES["claims"][sentiment][truth] for sentiment in ("negative", "positive"))
        distinctive = [word for word in best["vocabulary"].split()[:5] if word in claims]
        assert len(distinctive) >= 2, best


def test_focuses_of_the_event_keep_their_ids_from_day_to_day(event: pl.DataFrame):
    yesterday = find_focuses(event.filter(pl.col("day") < event["day"].max()), NOTHING)
    today = find_focuses(event, yesterday)
    assert len(set(today["focus_id"]) & set(yesterday["focus_id"])) >= 0.8 * today["focus_id"].n_unique()


@pytest.mark.parametrize("size", [40, 80, 120])
def test_focuses_of_a_small_topic_have_ids_of_their_own_whatever_posts_come_and_go(
    event: pl.DataFrame, size: int
) -> None:
    random = Random(size)
    chosen, found = random.sample(range(event.height), size), NOTHING
    for _ in range(30):
        stayed = random.sample(chosen, int(size * 0.85))
        chosen = stayed + random.sample(sorted(set(range(event.height)) - set(stayed)), size - len(stayed))
        found = find_focuses(event[sorted(chosen)], found)
        focuses = found.select("focus_id", "label", "vocabulary").unique()
        assert focuses.height == focuses["focus_id"].n_unique()
