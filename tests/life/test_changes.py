"""Each change of the configuration rebuilds what docs/changes.md says, and until then shows no number that is wrong."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from core.storage.paths import PROJECT_DIR
from core.storage.pseudonym_key import load_key
from core.storage.versions import current_fingerprint, frame_fingerprint
from orchestration.lib.building import next_build
from orchestration.lib.days import DAYS_TAG, all_stale_days, load_analysis_inputs
from orchestration.lib.planning import plan
from orchestration.reading.inputs import topic_rules
from orchestration.reading.listening_tables import listening_tables
from tests.life import world
from tests.life.changes import CHANGES, LABELLED, OF_A_TOPIC, Change, Days, gone, table

pytestmark = pytest.mark.slow

WINDOW, OTHER = ("2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05"), ("2026-01-08",)
NEW_DAY = "2026-01-09"


def ids(change: Change) -> str:
    return f"{change.subject}, {change.change}".replace(" ", "_")


def days(words: Days, change: Change) -> set[str]:
    """The days of the world that the words of the table stand for."""
    named = {"none": (), "all": world.DAYS, "its window": WINDOW, "all windows": (*WINDOW, *OTHER)}
    return set(named.get(words, change.here))


def patched(change: Change) -> AbstractContextManager[Any]:
    """Within it, the code is another one, if the change is one of code."""
    if not change.patch:
        return nullcontext()
    return mock.patch(change.patch, new=99 if change.patch.endswith("CODE_VERSION") else lambda: "other models")


def changed_tables(data: Path) -> set[str]:
    """The tables without days that listening.yaml would write otherwise."""
    inputs = load_analysis_inputs()
    frames = listening_tables(inputs.listening, topic_rules(inputs), load_key(data))
    enriched = data / "enriched"
    return {name for name, frame in frames.items() if current_fingerprint(enriched / name) != frame_fingerprint(frame)}


def new_versions(data: Path, table: str, before: Mapping[str, str]) -> set[str]:
    now = world.days_written(data, table)
    return {day for day, version in now.items() if before.get(day) != version}


@pytest.mark.parametrize("change", CHANGES, ids=ids)
def test_a_change_rebuilds_what_the_table_says(change: Change, built: Path, copy_of: Callable[[Path], Path]) -> None:
    data = copy_of(built)
    before = {name: world.days_written(data, name) for name in ("posts", "post_topics")}
    variables = change.make(data) or {}
    if not (data / "enriched").exists():
        before = {"posts": {}, "post_topics": {}}
    with patched(change):
        with world.places(data, **variables):
            planned = plan()
            assert changed_tables(data) == set(change.tables)
        assert {day.day for day in planned.days if "posts" in day.stations} == days(change.posts, change)
        assert {day.day for day in planned.days if "topics" in day.stations} == days(change.topics, change)
        rebuilds = (change.posts, change.topics, change.built) != ("none", "none", "none") or change.tables
        assert planned.is_empty is not bool(rebuilds), planned
        world.read(data, **variables)
        assert new_versions(data, "posts", before["posts"]) == days(change.posts, change)
        assert new_versions(data, "post_topics", before["post_topics"]) == days(change.topics, change)
        with world.places(data, **variables):
            build = next_build(all_stale_days())
    dbt = set(world.DAYS) if build.is_full else {day for day in build.days if day in world.DAYS}
    assert dbt == days(change.built, change)


def test_the_document_has_the_table() -> None:
    assert table() in (PROJECT_DIR / "docs" / "changes.md").read_text(encoding="utf-8")


# Rows of all topics that are tried by themselves, or with a loss; the others are tried together.
FEWER, LATER, ALIASES, MODELS = (
    next(change for change in CHANGES if (change.subject, change.change) == row)
    for row in (
        ("platforms", "one fewer"), ("history_start", "later"), ("aliases", "one more"),
        ("code", "of statistics and models"),
    )
)  # fmt: skip
LOSSES = [change for change in CHANGES if change.subject == "deleted"]
APART = [*OF_A_TOPIC, FEWER, LATER, ALIASES, MODELS, *LOSSES]
TOGETHER = [change for change in CHANGES if change not in APART]
# Without shares of all platforms, of which a change can leave one.
DAILY = {
    "daily_volume": "* exclude (volume_share)",
    "daily_interaction": "* exclude (interaction_share)",
    "daily_sentiment": "*",
}


def run_of_a_new_day(data: Path, changes: Sequence[Change]) -> None:
    """Do the changes, and a run of a new day alone."""
    variables = {name: value for change in changes for name, value in (change.make(data) or {}).items()}
    world.land_day(data, NEW_DAY)
    with ExitStack() as patches:
        for change in changes:
            patches.enter_context(patched(change))
        world.run(data, {DAYS_TAG: f"{NEW_DAY}...{NEW_DAY}"}, **variables)


@pytest.fixture(scope="module")
def meanwhile(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after a change of each row of a topic, in a topic of its own, those that can be made together,
    and a run of a new day alone."""
    folder = tmp_path_factory.mktemp("meanwhile")
    data = Path(shutil.copytree(built, folder / "data"))
    listening = world.read_listening(data)
    topics = listening["topics"][:2]
    for number, change in enumerate(OF_A_TOPIC):
        alone = folder / str(number)
        alone.mkdir()
        world.write_listening(alone, {"topics": [world.LISTENING["topics"][0]]})
        change.make(alone)
        changed = world.read_listening(alone)["topics"]
        topics += [topic | {"id": f"{topic['id']}_{number}"} for topic in changed]
    world.write_listening(data, listening | {"topics": topics})
    run_of_a_new_day(data, TOGETHER)
    return data


def daily(data: Path, number: int) -> list[tuple[str, str, bool, int | None]]:
    """topic_id, day, is_complete and volume of the platform-days of the topics of a row of OF_A_TOPIC."""
    query = "select topic_id, posted_date::varchar, is_complete, volume from marts.daily_volume"
    on = f"platform in {world.PLATFORMS} and topic_id like '%\\_{number}' escape '\\'"
    return world.served(data, f"{query} where {on} order by all")


def numbers(data: Path, where: str) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of DAILY."""
    return {
        name: world.served(data, f"select {columns} from marts.{name} where {where} order by all")
        for name, columns in DAILY.items()
    }


@pytest.mark.parametrize("number", range(len(OF_A_TOPIC)), ids=lambda number: ids(OF_A_TOPIC[number]))
def test_what_is_unknown_is_not_a_number_until_it_is_read(number: int, meanwhile: Path) -> None:
    change = OF_A_TOPIC[number]
    unknown, how = days(change.unknown[0], change), change.unknown[1]
    rows = daily(meanwhile, number)
    assert bool(rows) is (change.change != "removed")
    for topic_id, day, is_complete, volume in rows:
        is_unknown = day in unknown and (topic_id.startswith("phones") is (change.change not in ("added", "its id")))
        assert is_complete is not is_unknown, (topic_id, day)
        if is_unknown:
            assert volume is None or how == "incomplete", (topic_id, day)
        else:
            assert volume == 3, (topic_id, day)  # of the six posts of a platform and day


def test_changes_of_all_topics_leave_what_is_known(built: Path, meanwhile: Path) -> None:
    """Only the day of a label of relevance, and the new platform, are unknown."""
    unknown = f"(topic_id, posted_date) = ('phones', '{LABELLED[1]}')"
    known = f"topic_id in ('phones', 'others') and platform in {world.PLATFORMS} and not {unknown}"
    assert numbers(meanwhile, known) == numbers(built, known)
    assert min(map(len, numbers(meanwhile, known).values())) == 8  # three days of phones and one of others
    volumes = "select platform, volume, is_complete from marts.daily_volume where"
    assert world.served(meanwhile, f"{volumes} {unknown} order by all") == [
        (platform, None, False) for platform in ("douyin", *world.PLATFORMS)
    ]
    new = world.served(meanwhile, f"{volumes} platform = 'douyin' and topic_id in ('phones', 'others')")
    assert new == [("douyin", None, False)] * 5


@pytest.mark.parametrize(
    ("loss", "others"),
    list(zip(LOSSES, ([MODELS], [FEWER, LATER], []), strict=True)),
    ids=["warehouse", "snapshot", "enriched"],
)
def test_after_a_loss_a_run_of_one_day_leaves_nothing_unknown(
    loss: Change, others: list[Change], built: Path, copy_of: Callable[[Path], Path]
) -> None:
    """Never one day in the place of all."""
    data = copy_of(built)
    run_of_a_new_day(data, [loss, *others])
    kept = "platform = 'weibo'" if FEWER in others else "true"
    assert numbers(data, "true") == numbers(built, kept)
    days = {str(day) for (day,) in world.served(data, "select posted_date from marts.built_days")}
    lost = set(LATER.here) if LATER in others else set()
    assert days - lost == {*world.DAYS, NEW_DAY} - lost


@pytest.mark.long
def test_a_new_alias_makes_all_windows_unknown(built: Path, copy_of: Callable[[Path], Path]) -> None:
    data = copy_of(built)
    run_of_a_new_day(data, [ALIASES])
    rows = world.served(data, "select distinct volume, is_complete from marts.daily_volume")
    assert rows == [(None, False)]


@pytest.mark.long
def test_after_the_catch_up_the_marts_are_those_of_a_build_from_nothing(
    meanwhile: Path, copy_of: Callable[[Path], Path]
) -> None:
    data = copy_of(meanwhile)
    world.run(data)
    from_nothing = copy_of(data)
    gone("enriched", "warehouse.duckdb", "serving")(from_nothing)
    world.run(from_nothing)
    assert world.marts(data) == world.marts(from_nothing)
