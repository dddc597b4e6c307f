"""listening.yaml as tables for dbt."""

import re
from datetime import date

import pytest

from core.contracts.enriched import ACCOUNTS, SETTINGS, TOPIC_QUERIES, TOPICS
from core.listening import STATEMENT_WORDS, Heat, Voices, load_listening
from core.problems import Problem
from core.storage.paths import DBT_PROJECT_DIR
from core.storage.pseudonym_key import pseudonym
from orchestration.reading.listening_tables import (
    accounts_table,
    listening_tables,
    settings_in_topics,
    settings_table,
    topic_queries_table,
    topics_table,
)

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


ONE_TOPIC = """\
history_start: 2026-01-01
platforms: [weibo, zhihu, douyin, bilibili]
topics:
  - id: kol
    name: 小米与KOL
    brand: 小米
    platforms: [zhihu, weibo, bilibili]
    queries: [小米 KOL, 小米 大熊, 小米 KOL]
    match: {all: [小米], any: [KOL]}
    window: {start: 2026-01-01}
"""


@pytest.fixture
def one_topic(tmp_path):
    path = tmp_path / "one_topic.yaml"
    path.write_text(ONE_TOPIC, encoding="utf-8")
    return load_listening(path)


def test_topics_have_a_row_for_each_platform_they_listen_on(one_topic):
    table = topics_table(one_topic, {"kol": "rules"})
    assert table.schema == TOPICS
    topic = ("kol", "小米与KOL", "小米", date(2026, 1, 1), None)
    words = sorted(STATEMENT_WORDS)
    assert table.rows() == [(*topic, platform, words, "rules") for platform in ("bilibili", "weibo", "zhihu")]


def test_queries_have_a_row_for_each_crawled_platform_once(one_topic, load):
    table = topic_queries_table(one_topic)
    assert table.schema == TOPIC_QUERIES
    assert table.rows() == [
        ("kol", "weibo", "小米 KOL"),
        ("kol", "weibo", "小米 大熊"),
        ("kol", "zhihu", "小米 KOL"),
        ("kol", "zhihu", "小米 大熊"),
    ]
    assert topic_queries_table(load("")).equals(TOPIC_QUERIES.to_frame())


def test_the_order_of_listening_yaml_makes_no_difference(load):
    text = (
        "accounts:\n  - {platform: zhihu, id: a, name: 甲, official_for: [小米, 小米汽车]}\n"
        "  - {platform: weibo, id: '1', name: 乙}\nstatement_words: [声明, 回应]\n"
    )
    listening = load(text)
    [zhihu, weibo] = listening.accounts
    reordered = listening.model_copy(
        update={
            "platforms": listening.platforms[::-1],
            "topics": [
                topic.model_copy(update={"queries": topic.queries[::-1]}) for topic in reversed(listening.topics)
            ],
            "accounts": [weibo, zhihu.model_copy(update={"official_for": zhihu.official_for[::-1]})],
            "statement_words": listening.statement_words[::-1],
        }
    )
    rules = {"kol": "one", "car": "two"}
    tables, again = (listening_tables(one, rules, b"key") for one in (listening, reordered))
    assert {name: frame.rows() for name, frame in tables.items()} == {
        name: frame.rows() for name, frame in again.items()
    }


def test_settings_have_a_row_for_each_number_of_voices_and_heat(load):
    listening = load("voices: {kol_followers: 5000}\nheat: {authors: 0.5}\n")
    table = settings_table(listening.voices, listening.heat)
    assert table.schema == SETTINGS
    assert dict(table.rows()) == {
        "voices.kol_followers": 5000,
        "heat.volume": 1,
        "heat.interactions": 1,
        "heat.authors": 0.5,
        "heat.hot_list": 1,
    }


def test_a_parameter_is_a_field_of_listening_and_a_model_that_reads_it():
    """Each field of voices and heat is a setting without further code, and dbt reads these settings and no others."""
    fields = {f"voices.{name}" for name in Voices.model_fields} | {f"heat.{name}" for name in Heat.model_fields}
    assert set(settings_table(Voices(), Heat())["name"]) == fields
    models = "".join(path.read_text(encoding="utf-8") for path in (DBT_PROJECT_DIR / "models").rglob("*.sql"))
    assert set(re.findall(r'setting\("(\w+\.\w+)"\)', models)) == fields


def test_settings_of_topics_tables_from_before_the_settings_table(one_topic):
    topics = topics_table(one_topic, {"kol": "rules"})
    assert settings_in_topics(topics) == {}
    earlier = topics.with_columns(kol_followers=5000, heat_volume=None, heat_authors=0.5)
    assert settings_in_topics(earlier) == {"voices.kol_followers": 5000, "heat.authors": 0.5}


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
