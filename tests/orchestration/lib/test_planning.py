"""What a refresh plans: each change is planned once, on the days that it concerns, and its removal is as well."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from core.storage.paths import PROJECT_DIR, serving_path, warehouse_path
from orchestration.lib import planning
from orchestration.lib.planning import Plan, StaleDay, plan, plan_lines
from orchestration.lib.upgrading import upgrade_line
from orchestration.reading.inputs import CODE_VERSION
from orchestration.reading.sentiment.choice import load_classifier
from tests.settled import land_posts, publish, read_days, settle

FIRST, SECOND, AFTER = "2026-01-05", "2026-01-06", "2026-01-08"  # the last is after the window of the topic
DAYS = [FIRST, SECOND, AFTER]
Edit = Callable[[dict[str, Any]], Any]


@pytest.fixture(scope="module")
def settled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("settled") / "data"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINGFENG_DATA", str(data))
        for day in DAYS:
            land_posts(data, "weibo", day, "c1", f"{day}-1", f"{day}-2")
        settle(data)
    return data


@pytest.fixture
def data(settled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three days that are up to date, and a listening.yaml that a test can change."""
    monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
    shutil.copytree(settled, tmp_path / "data")
    monkeypatch.setenv("TINGFENG_LISTENING", str(tmp_path / "listening.yaml"))
    shutil.copy(PROJECT_DIR / "listening.yaml", tmp_path / "listening.yaml")
    return tmp_path / "data"


def edit_listening(data: Path, edit: Edit) -> None:
    path = data.parent / "listening.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    edit(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), "utf-8")


def topic(content: dict[str, Any]) -> dict[str, Any]:
    return content["topics"][0]


def add_topic(content: dict[str, Any]) -> None:
    content["topics"].append(
        topic(content) | {"id": "second", "name": "第二话题", "window": {"start": FIRST, "end": FIRST},
                          "match": {"all": ["小米"], "any": ["米粉"]}}
    )  # fmt: skip


ALL_DAYS = f"{FIRST} to {SECOND}, {AFTER} (3 days)"
NEW_NAME = "names of brands, words or accounts have changed"
RULES = "the rules of topic xiaomi_kol have changed"


def lines(stations: str, reasons: str, *more: str, days: str = f"{FIRST} to {SECOND} (2 days)") -> list[str]:
    return [f"{days}: {stations} ({reasons}).", *more]


# The edits of cases/life/01 and others: what they do to listening.yaml, and what is planned.
EDITS: dict[str, tuple[Edit, list[str]]] = {
    "name": (lambda c: topic(c).update(name="新题名"), ["listening.yaml: name of topic xiaomi_kol changed."]),
    "queries": (
        lambda c: topic(c)["queries"].append("小米 新问法"),
        ["listening.yaml: queries of topic xiaomi_kol changed."],
    ),
    "voices": (lambda c: c["voices"].update(kol_followers=500), ["listening.yaml: voices.kol_followers changed."]),
    "heat": (
        lambda c: c["heat"].update(volume=9, hot_list=0),
        ["listening.yaml: heat.hot_list changed.", "listening.yaml: heat.volume changed."],
    ),
    "statement_words": (
        lambda c: c.update(statement_words=["不存在的词"]),
        ["listening.yaml: statement_words changed."],
    ),
    "official_for": (
        lambda c: c["accounts"][0].update(official_for=[]),
        ["listening.yaml: accounts changed."],
    ),
    "platforms": (
        lambda c: c.update(platforms=["weibo"]),
        [
            "listening.yaml: platforms of topic xiaomi_kol changed.",
            "listening.yaml: queries of topic xiaomi_kol changed.",
        ],
    ),
    "match": (
        lambda c: topic(c)["match"].update(any=["大熊", "徐洁云", "米粉", "KOL", "小米辣"]),
        lines("read topic xiaomi_kol, build marts", RULES, "listening.yaml: rules of topic xiaomi_kol changed."),
    ),
    "relevance": (
        lambda c: topic(c)["relevance"].update(prior=2),
        lines("read topic xiaomi_kol, build marts", RULES, "listening.yaml: rules of topic xiaomi_kol changed."),
    ),
    "account": (
        lambda c: c["accounts"][0].update(name="别的媒体"),
        lines("read posts, build marts", NEW_NAME, "listening.yaml: accounts changed.", days=ALL_DAYS),
    ),
    "narrowed window": (
        lambda c: topic(c)["window"].update(end=FIRST),
        lines(
            "read topic xiaomi_kol, build marts",
            "no longer part of topic xiaomi_kol",
            "listening.yaml: window of topic xiaomi_kol changed.",
            days=f"{SECOND} (1 day)",
        ),
    ),
    "widened window": (
        lambda c: topic(c)["window"].update(end="2026-01-31"),
        lines(
            "read topic xiaomi_kol, build marts",
            "not read for topic xiaomi_kol",
            "listening.yaml: window of topic xiaomi_kol changed.",
            days=f"{AFTER} (1 day)",
        ),
    ),
    "new topic": (
        add_topic,
        lines(
            "read topic second, build marts",
            "not read for topic second",
            "listening.yaml: topic second is new.",
            days=f"{FIRST} (1 day)",
        ),
    ),
    "history_start": (
        lambda c: (c.update(history_start=SECOND), topic(c)["window"].update(start=SECOND)),
        lines(
            "remove from the marts",
            f"before history_start, {SECOND}",
            "listening.yaml: window of topic xiaomi_kol changed.",
            days=f"{FIRST} (1 day)",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_is_planned_until_it_is_published_and_so_is_its_removal(data, name):
    edit, expected = EDITS[name]
    original = (data.parent / "listening.yaml").read_text("utf-8")
    assert plan().is_empty
    edit_listening(data, edit)
    edited = plan()
    assert plan_lines(edited) == expected
    settle(data)
    assert plan().is_empty
    (data.parent / "listening.yaml").write_text(original, "utf-8")
    put_back = plan()
    assert not put_back.is_empty
    assert [day.day for day in put_back.days] == [day.day for day in edited.days]
    settle(data)
    assert plan().is_empty


NO_CHANGE: dict[str, Edit] = {
    "comments": lambda c: c.update(comments={"top_posts": 1}),
    "inbox": lambda c: c.update(inbox={"keep_days": 3}),
    "retention": lambda c: c.update(retention={"raw": 900}),
    "earlier history": lambda c: c.update(history_start="2025-01-01"),
    "order of words": lambda c: topic(c)["match"].update(any=topic(c)["match"]["any"][::-1]),
    "order of queries": lambda c: topic(c).update(queries=topic(c)["queries"][::-1]),
    "order of platforms": lambda c: c.update(platforms=c["platforms"][::-1]),
}


@pytest.mark.parametrize("name", NO_CHANGE)
def test_an_edit_that_changes_no_number_costs_nothing(data, name):
    edit_listening(data, NO_CHANGE[name])
    assert plan() == Plan([], [])


def test_many_topics_are_named_in_one_reason_and_counted(data):
    names = [f"t{number}" for number in range(7)]
    edit_listening(data, lambda c: c["topics"].extend(topic(c) | {"id": name} for name in names))
    named = "topics t0, t1, t2, t3, t4 and 2 more"
    assert plan_lines(plan()) == lines(
        f"read {named}, build marts", f"not read for {named}", f"listening.yaml: {named} are new."
    )
    settle(data)
    edit_listening(data, lambda c: c.update(topics=c["topics"][:2]))
    assert plan_lines(plan())[1:] == ["listening.yaml: topics t1, t2, t3, t4, t5 and 1 more were removed."]


def test_tables_of_an_earlier_release_are_not_taken_for_changes(data):
    for name in ("topics", "topic_queries"):
        [path] = (data / "enriched" / name).glob("*.parquet")
        path.rename(path.with_name("000001-0123456789ab.parquet"))
    assert plan_lines(plan()) == [
        "listening.yaml: topics were written by an earlier release.",
        "listening.yaml: topic_queries were written by an earlier release.",
    ]


def test_raw_files_that_landed_or_went(data):
    land_posts(data, "zhihu", FIRST, "c2", "z1")
    land_posts(data, "zhihu", "2026-01-07", "c2", "z2")
    everything = ("posts", "topics", "marts")
    assert plan().days == [
        StaleDay(FIRST, ("raw files have changed",), everything, ("xiaomi_kol",)),
        StaleDay("2026-01-07", ("not read yet",), everything, ()),
    ]
    settle(data)
    assert plan().is_empty
    shutil.rmtree(data / f"raw/posts/platform=weibo/day={SECOND}")
    shutil.rmtree(data / "landings/raw")
    assert plan().days == [StaleDay(SECOND, ("raw files are gone",), everything, ("xiaomi_kol",), is_removed=True)]
    assert plan_lines(plan()) == [f"{SECOND} (1 day): remove from the marts (raw files are gone)."]
    settle(data)
    assert plan().is_empty  # an emptied day is not built again and again


def test_a_day_that_comes_back_after_it_was_emptied_is_no_upgrade(data):
    edit_listening(data, lambda c: (c.update(history_start=SECOND), topic(c)["window"].update(start=SECOND)))
    settle(data)
    edit_listening(data, lambda c: c.update(history_start=FIRST))
    assert [(day.day, day.reasons) for day in plan().days] == [(FIRST, ("not read yet",))]
    assert upgrade_line(plan()) is None


def test_a_label_is_planned_for_the_day_of_its_post(data):
    (data / "labels/relevance").mkdir(parents=True)
    text = "platform,post_id,sentiment,labeller,labelled_at\n"
    for post_id in (f"{SECOND}-1", "unknown"):
        text += f"weibo,{post_id},negative,甲,2026-01-07 10:30\n"
    (data / "labels/a.csv").write_text(text, "utf-8")
    assert plan_lines(plan()) == [f"{SECOND} (1 day): read posts, build marts (labels have changed)."]
    settle(data)
    assert plan().is_empty
    relevance = (
        f"platform,post_id,text,topic_id,relevant\nweibo,{FIRST}-1,,xiaomi_kol,no\nweibo,{AFTER}-1,,xiaomi_kol,no\n"
    )
    (data / "labels/relevance/a.csv").write_text(relevance, "utf-8")
    [stale] = plan().days
    assert stale == StaleDay(FIRST, ("relevance labels have changed",), ("topics", "marts"), ("xiaomi_kol",))
    settle(data)
    (data / "labels/a.csv").unlink()
    assert [day.day for day in plan().days] == [SECOND]


def test_a_model_and_the_code_concern_every_day(data, monkeypatch):
    monkeypatch.setattr(load_classifier(), "model_id", "another")
    assert [day.day for day in plan().days] == DAYS
    assert {day.reasons for day in plan().days} == {("the sentiment model has changed",)}
    settle(data)
    monkeypatch.setattr("orchestration.reading.inputs.CODE_VERSION", CODE_VERSION + 1)
    assert {day.reasons for day in plan().days} == {("the code that reads posts has changed",)}


def test_days_of_an_earlier_release(data):
    shutil.rmtree(data / "enriched/read_inputs")
    assert {day.reasons for day in plan().days} == {("an enriched file is missing",)}
    for table in ("posts", "post_topics"):  # which had one fingerprint
        for path in (data / "enriched" / table).glob("day=*/*.parquet"):
            path.rename(path.with_name("000001-0123456789ab.parquet"))
    assert {day.reasons for day in plan().days} == {("read by an earlier release",)}


def test_what_was_read_and_not_published(data):
    land_posts(data, "zhihu", FIRST, "c2", "z1")
    read_days(data)
    [stale] = plan().days
    assert stale == StaleDay(FIRST, ("read, and not published yet",), ("marts",))


def test_a_lost_warehouse_snapshot_or_enriched_table(data):
    warehouse_path().unlink()
    assert plan_lines(plan()) == [f"{ALL_DAYS}: build marts (there is no warehouse)."]
    warehouse_path().write_bytes(b"no database")
    assert plan_lines(plan()) == [f"{ALL_DAYS}: build marts (the warehouse is damaged)."]
    publish(data)
    serving_path().unlink()
    assert {day.stations for day in plan().days} == {("marts",)}
    publish(data)
    shutil.rmtree(data / "enriched/post_topics")
    assert {(day.stations, day.reasons) for day in plan().days} == {
        (("topics", "marts"), ("an enriched file is missing",))
    }


def test_a_topic_that_failed_is_tried_again(data):
    with duckdb.connect(str(serving_path())) as connection:
        connection.execute("create table topic_failures as select 'second' as topic_id")
    assert plan() == Plan([], ["The last build of second failed and is tried again."])


def test_other_models_build_every_day_again(data, monkeypatch):
    monkeypatch.setattr("orchestration.lib.building.models_version", lambda: "other")
    assert {(day.stations, day.reasons) for day in plan().days} == {
        (("marts",), ("the models have changed since the warehouse was built",))
    }


def test_an_up_to_date_folder_is_planned_without_opening_what_was_read(data, monkeypatch):
    def opened(days: object) -> dict[str, Any]:
        assert not list(days)  # type: ignore[call-overload]
        return {}

    monkeypatch.setattr(planning, "_recorded_inputs", opened)
    assert plan().is_empty


def test_days_are_grouped_by_reason_and_named_as_ranges():
    days = [f"2026-01-{day:02}" for day in (1, 2, 3, 5, 7, 9, 11, 13, 15)]
    stale = [StaleDay(day, ("x",), ("marts",)) for day in days]
    stale[1] = StaleDay(days[1], ("y", "z"), ("posts", "marts"))
    stale[0] = StaleDay(days[0], ("x",), ("posts", "topics", "marts"), tuple("abcdefg"))
    assert plan_lines(Plan(stale, ["Other."])) == [
        "2026-01-01 (1 day): read posts and topics a, b, c, d, e and 2 more, build marts (x).",
        "2026-01-02 (1 day): read posts, build marts (y; z).",
        "2026-01-03, 2026-01-05, 2026-01-07, 2026-01-09, 2026-01-11, 2 more ranges (7 days): build marts (x).",
        "Other.",
    ]
