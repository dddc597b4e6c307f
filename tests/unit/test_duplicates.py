import polars as pl
import pytest

from orchestration.analysis.duplicates import duplicate_groups, normalise


def groups(*texts: str, platform: str = "weibo") -> list[str]:
    ids = [str(number) for number in range(len(texts))]
    frame = pl.DataFrame({"platform": [platform] * len(texts), "post_id": ids, "text_clean": texts})
    return duplicate_groups(frame)["duplicate_group_id"].to_list()


@pytest.mark.parametrize(
    "same",
    [
        "小米终止合作，SU7车主表态！",
        "小米 终止合作 su7车主表态",
        "小米终止合作，ＳＵ７车主表态！[怒][怒]",
        "@合成用户0001 小米终止合作，SU7车主表态👍 https://t.cn/abc",
        "#小米终止合作#SU7车主表态",
    ],
)
def test_small_differences_do_not_part_a_group(same):
    first, second = groups("小米终止合作，SU7车主表态！", same)
    assert first == second


@pytest.mark.parametrize("other", ["小米终止合作，SU8车主表态！", "小米不终止合作，SU7车主表态！", "小米终止合作"])
def test_other_words_are_another_group(other):
    first, second = groups("小米终止合作，SU7车主表态！", other)
    assert first != second


def test_groups_are_the_same_on_every_platform_and_day():
    assert groups("同一段话", platform="weibo") == groups("同一段话", platform="zhihu") == ["8577e7bc73894e54"]


@pytest.mark.parametrize("text", ["", "。。。", "[doge][doge]", "👍👍", "@合成用户0001"])
def test_without_a_word_left_each_post_is_its_own_group(text):
    assert groups(text, text) == ["weibo:0", "weibo:1"]


def test_what_is_left_of_a_text():
    text = pl.Series(["转@合成用户0001: ＳＵ7，真好[笑哭R]！https://t.cn/a Ⅷ"])
    assert normalise(text).to_list() == ["转su7真好viii"]


def test_every_text_has_a_hash():
    frame = pl.DataFrame({"platform": ["weibo", "weibo"], "post_id": ["1", "2"], "text_clean": ["", "话"]})
    assert duplicate_groups(frame)["text_hash"].str.contains("^[0-9a-f]{16}$").to_list() == [True, True]
