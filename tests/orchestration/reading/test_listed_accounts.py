import pytest

from core.contracts.enriched import ACCOUNTS
from core.listening import load_listening
from core.problems import Problem
from orchestration.reading.enrich import accounts_table
from scrapers.pseudonym import pseudonym

LISTENING = """\
history_start: 2026-01-01
platforms: [weibo, zhihu]
topics:
  - {id: kol, name: 题, brand: 小米, window: {start: 2026-01-01}, match: {all: [小米]}}
  - {id: car, name: 车, brand: 小米汽车, window: {start: 2026-01-01}, match: {all: [小米汽车]}}
"""


@pytest.fixture
def load(tmp_path):
    def from_text(text):
        path = tmp_path / "listening.yaml"
        path.write_text(LISTENING + text, encoding="utf-8")
        return load_listening(path)

    return from_text


def test_accounts_have_a_row_for_each_brand_they_speak_for(load):
    listening = load(
        "accounts:\n"
        "  - {platform: weibo, id: '6491867487', name: 合成媒体13, official_for: [小米, 小米汽车, 小米]}\n"
        "  - {platform: zhihu, id: he-cheng, name: 合成账号}\n"
    )
    table = accounts_table(listening, b"key")
    assert table.schema == ACCOUNTS
    weibo, zhihu = pseudonym(b"key", "weibo", "6491867487"), pseudonym(b"key", "zhihu", "he-cheng")
    assert table.rows() == [
        ("weibo", weibo, "合成媒体13", "小米"),
        ("weibo", weibo, "合成媒体13", "小米汽车"),
        ("zhihu", zhihu, "合成账号", None),
    ]
    assert accounts_table(load(""), b"key").equals(ACCOUNTS.to_frame())


def test_an_account_speaks_for_the_brand_of_a_topic(load):
    with pytest.raises(Problem, match="no topic has the brand '小迷'"):
        load("accounts:\n  - {platform: weibo, id: '1', name: 甲, official_for: [小迷]}\n")


def test_the_threshold_of_kols_is_a_number_of_followers(load):
    assert load("").voices.kol_followers == 100_000
    assert load("voices: {kol_followers: 5000}\n").voices.kol_followers == 5000
    with pytest.raises(Problem, match="kol_followers"):
        load("voices: {kol_followers: 0}\n")
