"""A small data folder whose marts are up to date, without running anything: files with the names that a run gives."""

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

import duckdb
import polars as pl

from core.contracts import enriched
from core.contracts.raw import Post
from core.platforms import Platform
from core.storage.paths import serving_path, warehouse_path
from core.storage.pseudonym_key import load_key
from core.storage.quarantine import published_records
from core.storage.raw import land, to_frame
from core.storage.versions import frame_fingerprint, versions, write_version
from orchestration.lib.days import comments_to_read, expected_inputs, hot_lists_to_read, load_analysis_inputs
from orchestration.lib.warehouse_state import begin_build, finish_build
from orchestration.publishing.models_version import models_version
from orchestration.reading.inputs import NO_RAW_FILES, topic_rules
from orchestration.reading.listening_tables import listening_tables


def land_posts(data: Path, platform: Platform, day: str, crawl_id: str, *post_ids: str) -> None:
    """Land posts of a day, published at noon in China."""
    at = datetime.fromisoformat(f"{day}T12:00+08:00")
    posts = [
        Post(platform=platform, post_id=post_id, post_url="", post_type="text", text="小米大熊", posted_at=at,
             observed_at=at, crawl_id=crawl_id, payload="")
        for post_id in post_ids
    ]  # fmt: skip
    land(data, "posts", platform, day, crawl_id, to_frame("posts", posts))


def read_days(data: Path, days: Iterable[str] | None = None) -> None:
    """Write the versions that reading these days would write, all by default; without rows."""
    expected = expected_inputs(load_analysis_inputs())
    known = {folder.name.removeprefix("day=") for folder in (data / "enriched/posts").glob("day=*")}
    for day in (expected.keys() | known) if days is None else days:
        inputs = expected.get(day, NO_RAW_FILES)
        for table, mark, frame in (
            ("posts", inputs.posts, enriched.POSTS.to_frame()),
            ("post_topics", inputs.topics, enriched.POST_TOPICS.to_frame()),
            ("read_inputs", inputs.all, inputs.table()),
            ("text_signatures", "texts", enriched.TEXT_SIGNATURES.to_frame()),
        ):
            write_version(data / f"enriched/{table}/day={day}", mark, frame)


def mark_as_built(warehouse: Path, models: str) -> None:
    """Record that models of this version have built all of the warehouse, which is created if there is none."""
    begin_build(warehouse, [], is_full=True)
    finish_build(warehouse, models)


def publish(data: Path) -> None:
    """Write the warehouse and the snapshot that a run would build from the current versions."""
    rows = [
        (date.fromisoformat(folder.name.removeprefix("day=")), *(
            versions(data / f"enriched/{table}/{folder.name}")[-1].stem for table in ("posts", "post_topics")))
        for folder in sorted((data / "enriched/posts").glob("day=*"))
    ]  # fmt: skip
    built = pl.DataFrame(
        rows, schema={"posted_date": pl.Date, "enriched_version": pl.String, "topics_version": pl.String}, orient="row"
    )
    for path, schema in ((warehouse_path(), "marts."), (serving_path(), "")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with duckdb.connect(str(path)) as connection:
            connection.register("built", built)
            connection.execute("create schema if not exists marts" if schema else "select 1")
            connection.execute(f"create table {schema}built_days as from built")
    mark_as_built(warehouse_path(), models_version())
    serving_path().touch()


def settle(data: Path) -> None:
    """Bring the data folder up to date, as a run without dates does."""
    inputs = load_analysis_inputs()
    read_days(data)
    tables = listening_tables(inputs.listening, topic_rules(inputs), load_key(data))
    tables["quarantined_records"] = published_records(data)
    for table, frame in tables.items():
        write_version(data / "enriched" / table, frame_fingerprint(frame), frame)
    for table, days, schema in (
        ("comments", comments_to_read(inputs), enriched.COMMENTS),
        ("hot_list_topics", hot_lists_to_read(inputs), enriched.HOT_LIST_TOPICS),
    ):
        for day, mark in days.items():
            write_version(data / f"enriched/{table}/day={day}", mark, schema.to_frame())
    publish(data)
