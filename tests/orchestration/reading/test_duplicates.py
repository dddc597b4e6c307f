import random
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from core.contracts.enriched import DUPLICATE_GROUPS, DUPLICATE_LINKS, TEXT_SIGNATURES
from orchestration.reading.duplicates import groups, hashed, links, normalise, signatures

START = datetime(2026, 1, 1, tzinfo=UTC)
WAVE = "家人们谁懂啊，小米这次的公关真的让人看不懂，一边说尊重用户一边又和争议博主合作，评论区都吵翻天了"
NEAR = WAVE.replace("家人们", "姐妹们").replace("翻天", "起来")
OTHER = "今天路过小米之家看了看新出的平板，屏幕确实不错，就是价格有点下不去手，等双十一再说吧，先存着钱包里的钱"


def hashes(*texts: str) -> list[str | None]:
    return hashed(pl.DataFrame({"text_clean": texts}, schema={"text_clean": pl.String}))["text_hash"].to_list()


def of_day(day: int, *texts: str) -> pl.DataFrame:
    """Signatures of a day's texts, posted a minute apart."""
    posts = pl.DataFrame(
        [(START + timedelta(days=day, minutes=minute), text) for minute, text in enumerate(texts)],
        schema={"posted_at": pl.Datetime("us", "UTC"), "text_clean": pl.String},
        orient="row",
    )
    return signatures(hashed(posts))


def grouped(*days: pl.DataFrame) -> dict[str, str]:
    """Each text's group, after each day has been linked to the days before it."""
    found = [links(day, days[:number]) for number, day in enumerate(days)]
    return dict(groups(pl.concat([DUPLICATE_LINKS.to_frame(), *found])).rows())


@pytest.mark.parametrize(
    "same",
    [
        "小米终止合作，SU7车主表态！",
        "小米 终止合作 su7车主表态",
        "小米终止合作，ＳＵ７车主表态！[怒][怒]",
        "@合成用户0001 小米终止合作，SU7车主表态👍 https://t.cn/abc",
        "#小米终止合作#SU7车主表态",
        "小米終止合作，SU7車主表態",
    ],
)
def test_small_differences_do_not_change_the_hash(same):
    first, second = hashes("小米终止合作，SU7车主表态！", same)
    assert first == second


@pytest.mark.parametrize("other", ["小米终止合作，SU8车主表态！", "小米不终止合作，SU7车主表态！", "小米终止合作"])
def test_other_words_have_another_hash(other):
    first, second = hashes("小米终止合作，SU7车主表态！", other)
    assert first != second


def test_hashes_do_not_change_between_releases():
    assert hashes("同一段话") == ["8577e7bc73894e54"]


@pytest.mark.parametrize("text", ["", "。。。", "[doge][doge]", "👍👍", "@合成用户0001"])
def test_without_a_word_left_there_is_no_hash(text):
    assert hashes(text) == [None]


def test_normalised_texts():
    text = pl.Series(["转@合成用户0001: ＳＵ7，真好[笑哭R]！https://t.cn/a Ⅷ"])
    assert normalise(text).to_list() == ["转su7真好viii"]


def test_near_texts_are_linked_to_the_earlier_one_and_others_are_not():
    found = links(of_day(0, OTHER, WAVE, NEAR), [])
    assert found.schema == DUPLICATE_LINKS
    [link] = found.rows(named=True)
    [wave, near] = hashes(WAVE, NEAR)
    assert (link["text_hash"], link["earlier_text_hash"]) == (near, wave)
    assert link["posted_at"] - link["earlier_posted_at"] == timedelta(minutes=1)
    assert 0.5 <= link["similarity"] <= 1


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        ("限时特价：小米手环原价249元，今天只要99元，前100名再减20元", {"249": "279", "99元": "129元", "100": "50"}),
        ("The new phone from Xiaomi is on sale from Friday for 3999 yuan", {"Friday": "Monday", "3999": "42999"}),
    ],
)  # fmt: skip
def test_other_numbers_and_single_words_are_near_duplicates(text, edits):
    edited = text
    for old, new in edits.items():
        edited = edited.replace(old, new)
    assert links(of_day(0, text, edited), []).height == 1


def test_short_texts_are_only_ever_equal():
    assert of_day(0, "支持小米支持雷总加油加油", "支持小米支持雷总加油加油啊").height == 0


def test_a_group_is_called_after_its_earliest_text_whatever_came_later():
    wave, near = hashes(WAVE, NEAR)
    first, second = of_day(0, WAVE), of_day(3, NEAR, OTHER)
    assert grouped(first, second) == {wave: wave, near: wave}
    later = of_day(5, NEAR + "[怒]", WAVE + "，散了吧")
    assert grouped(first, second, later).items() >= {wave: wave, near: wave}.items()
    assert set(grouped(first, second, later).values()) == {wave}


def test_a_text_found_later_but_posted_earlier_names_the_group():
    """WAVE of day 1 is repeated on day 3, with NEAR in between: the links form no circle, and one group."""
    wave, near = hashes(WAVE, NEAR)
    assert grouped(of_day(1, WAVE), of_day(2, NEAR), of_day(3, WAVE)) == {wave: wave, near: wave}
    forgotten = pl.concat([links(of_day(2, NEAR), [of_day(1, WAVE)]), links(of_day(12, WAVE), [of_day(2, NEAR)])])
    assert dict(groups(forgotten).rows()) == {wave: wave, near: wave}


def test_copies_of_copies_are_one_group():
    """Each text replaces a tenth of the one before it; the last shares little with the first."""
    rng = random.Random(4)
    texts = [WAVE]
    for _ in range(6):
        characters = list(texts[-1])
        for place in rng.sample(range(len(characters)), 4):
            characters[place] = rng.choice(OTHER)
        texts.append("".join(characters))
    found = grouped(of_day(0, *texts))
    assert set(found.values()) == {hashes(WAVE)[0]}
    assert len(found) == len(texts)


def test_the_order_of_the_posts_does_not_matter():
    day = of_day(0, WAVE, NEAR, OTHER, WAVE)
    assert day["text_hash"].to_list() == hashes(WAVE, NEAR, OTHER)
    posts = [(0, NEAR), (1, OTHER), (2, WAVE)]
    frames = [
        pl.DataFrame({"posted_at": [START + timedelta(days=d) for d, _ in some], "text_clean": [t for _, t in some]})
        for some in (posts, posts[::-1])
    ]
    both = [signatures(hashed(frame)) for frame in frames]
    assert both[0].equals(both[1])


def test_the_similarity_is_estimated_without_bias():
    """Of 400 pairs that share three quarters of their shingles: within .01 of the truth on average."""
    rng = random.Random(7)
    characters = [chr(point) for point in range(0x4E00, 0x5E00)]
    texts = []
    for _ in range(400):
        whole = "".join(rng.sample(characters, 120))
        texts += [whole[:103], whole[:88] + whole[103:118]]  # 87 of 102 + 15 + 1 bigrams
    found = links(of_day(0, *texts), [])
    assert found.height == 400
    assert abs(np.mean(found["similarity"].to_numpy()) - 87 / 117) < 0.01


def test_signatures_do_not_change_between_releases():
    """Stored signatures are compared with new ones: a change of these bytes needs another CODE_VERSION."""
    assert of_day(0, WAVE)["signature"].to_list()[0][:8] == [32, 26, 60, 64, 84, 75, 75, 146]


def test_no_texts_make_empty_frames():
    empty = of_day(0)
    assert empty.schema == TEXT_SIGNATURES
    assert links(empty, []).schema == links(empty, [of_day(0, WAVE)]).schema == DUPLICATE_LINKS
    assert groups(DUPLICATE_LINKS.to_frame()).schema == DUPLICATE_GROUPS
    assert groups(DUPLICATE_LINKS.to_frame()).height == 0


@pytest.mark.parametrize(
    "text", ["好" * 100_000, "ab" * 50_000, "1" * 100_000, "한국어" * 99, "\x00" * 99, "👨‍👩‍👧" * 99, "𠮷" * 20]
)
def test_arbitrary_texts_are_accepted(text):
    found = of_day(0, text, WAVE)
    assert grouped(found, of_day(1, text + "了")).keys() <= set(hashes(text, text + "了"))
