"""The small world in which changes are tried: eight days of hand-made posts, two topics, and runs in this process.

Runs are those of Dagster's jobs, with the real planning, reading, dbt and publication; without reports, whose assets
follow the repository's listening.yaml. A run in this process takes a fifth of the time of one in step processes.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import duckdb
import yaml

from core.calendar import days_between
from core.platforms import Platform
from core.storage.pseudonym_key import pseudonym
from core.storage.versions import versions
from orchestration.definitions import defs
from orchestration.defs.jobs import catch_up, refresh
from sandbox.weibo_ids import id_at
from tests.warehouse import DataFolder, china, post

DAYS = days_between("2026-01-01", "2026-01-08")
PLATFORMS: tuple[Platform, ...] = ("weibo", "zhihu")
SUBJECTS = ("小米手机发布", "小米汽车太差", "华为手机很好", "大熊说小米", "粉丝在排队", "今天下雨")
QUERIES = ("小米", "大熊")
CLONES = 12  # topics like phones, each of which a change concerns in a folder with all changes at once
# The topic that changes, and one whose words the segmenter keeps whole whatever becomes of the others.
LISTENING: dict[str, Any] = {
    "history_start": "2026-01-01",
    "platforms": [*PLATFORMS],
    "topics": [
        {
            "id": "phones",
            "name": "小米",
            "brand": "小米",
            "window": {"start": "2026-01-02", "end": "2026-01-05"},
            "queries": [*QUERIES],
            "match": {"any": ["小米"]},
        },
        {
            "id": "others",
            "name": "其他",
            "brand": "小米",
            "window": {"start": "2026-01-08", "end": "2026-01-08"},
            "queries": ["小米"],
            "match": {"any": ["小米", "华为", "大熊", "粉丝"]},
        },
    ],
}
LISTENING["topics"] += [LISTENING["topics"][0] | {"id": f"phones_{number}"} for number in range(CLONES)]
KEY = "0123456789abcdef" * 4


def new_data(folder: Path) -> Path:
    """A data folder with the posts of the world, each day crawled with both queries, nothing read yet."""
    folder.mkdir(parents=True)
    (folder / "pseudonym.key").write_text(KEY, encoding="ascii")
    (folder / "pseudonym.key").chmod(0o600)
    write_listening(folder, LISTENING)
    for day in DAYS:
        land_day(folder, day)
    return folder


def land_day(data: Path, day: str) -> None:
    """Land the posts of a day, and that both queries were answered."""
    folder, seen = DataFolder(data), china(day) + timedelta(days=1)
    folder.land_posts(day, f"crawl-{day}", [_post(platform, day, n) for platform in PLATFORMS for n in range(6)])
    for platform in PLATFORMS:
        folder.land_slices(platform, day, f"crawl-{day}", dict.fromkeys(QUERIES, "ok"), seen)


def post_id(platform: Platform, day: str, number: int) -> str:
    moment = china(day) + timedelta(minutes=number)
    return str(id_at(moment, number)) if platform == "weibo" else f"19{moment:%Y%m%d%H%M}00{number:03d}"


def _post(platform: Platform, day: str, number: int) -> Any:
    one, is_weibo = post_id(platform, day, number), platform == "weibo"
    site = "https://m.weibo.cn/detail/" if is_weibo else "https://www.zhihu.com/question/1/answer/"
    return post(
        platform,
        one,
        day,
        3 + number,
        number % 2,
        1 if is_weibo else None,
        post_url=f"{site}{one}",
        post_type="text" if is_weibo else "answer",
        text=f"{SUBJECTS[number]}，第{day}天",
        posted_at=china(day) + timedelta(minutes=number),
        author_id=pseudonym(KEY.encode("ascii"), platform, f"author{number}"),
    )


def write_listening(data: Path, listening: Mapping[str, Any]) -> None:
    (data / "listening.yaml").write_text(yaml.safe_dump(listening, allow_unicode=True), encoding="utf-8")


def read_listening(data: Path) -> dict[str, Any]:
    listening: dict[str, Any] = yaml.safe_load((data / "listening.yaml").read_text(encoding="utf-8"))
    return listening


@contextmanager
def places(data: Path, **changes: str) -> Iterator[None]:
    """Set the environment variables of a data folder; others of TINGFENG_* are unset."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("TINGFENG_")}
    ours = {"TINGFENG_DATA": str(data), "TINGFENG_LISTENING": str(data / "listening.yaml"), "DO_NOT_TRACK": "1"}
    with mock.patch.dict(os.environ, others | ours | changes, clear=True):
        yield


def run(data: Path, tags: Mapping[str, str] | None = None, **changes: str) -> None:
    """Run catch_up over a data folder. tags: of the run, such as its days."""
    with places(data, **changes), dg.DagsterInstance.ephemeral() as instance:
        run_job("catch_up", instance, tags=tags)


def run_job(
    name: str, instance: dg.DagsterInstance, *, tags: Mapping[str, str] | None = None, partition_key: str | None = None
) -> None:
    """Run a job in this process, without its reports; it has to succeed."""
    repository = defs.get_repository_def()
    job = {"catch_up": catch_up, "refresh": refresh}[name]
    selected = job.selection - dg.AssetSelection.groups("report")
    result = repository.get_job(name).execute_in_process(
        instance=instance,
        tags=dict(tags or {}),
        partition_key=partition_key,
        asset_selection=sorted(selected.resolve(repository.asset_graph)),
        run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
        raise_on_error=False,
    )
    failures = [
        str(event.event_specific_data) for event in result.all_events if event.event_type_value == "STEP_FAILURE"
    ]
    assert result.success, "\n".join(failures)[-3000:]


def read(data: Path, **changes: str) -> None:
    """Read the stale days: the part of catch_up that writes enriched posts and their topics."""
    asset = defs.get_repository_def().assets_defs_by_key[dg.AssetKey(["enriched", "posts"])]
    with places(data, **changes), dg.DagsterInstance.ephemeral() as instance:
        assert dg.materialize([asset], instance=instance, raise_on_error=False).success


def days_written(data: Path, table: str) -> dict[str, str]:
    """The current version of each day of an enriched table."""
    folders = sorted((data / "enriched" / table).glob("day=*"))
    return {folder.name.removeprefix("day="): versions(folder)[-1].stem for folder in folders if versions(folder)}


def served(data: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query of the published snapshot."""
    with duckdb.connect(str(data / "serving" / "marts.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


# Marts whose numbers must not depend on how they were built; columns that say when or from what are left out.
MARTS = {
    "daily_volume": "*",
    "daily_interaction": "* exclude (observed_from, observed_to)",
    "daily_sentiment": "*",
    "event_platform_sentiment": "*",
    "event_sentiment": "*",
    "event_platforms": "*",
    "fct_posts": "post_uid, author_uid, likes, comments, shares, interactions, sentiment, duplicate_group_id",
    "fct_post_topics": "post_uid, topic_id, is_relevant, stance",
}


def marts(data: Path, tables: Sequence[str] = tuple(MARTS)) -> dict[str, list[tuple[Any, ...]]]:
    return {table: served(data, f"select {MARTS[table]} from marts.{table} order by all") for table in tables}
