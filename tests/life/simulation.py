"""A simulated span of days: each has one random change and the scheduled runs, at the time that the clock shows.

Schedules, the sensor that catches up, and planning are the real ones. Crawls and dbt are real on compared days; on the
others the requested days are landed as the sandbox shows them at that time, and read.
"""

import functools
import operator
import random
import shutil
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import dagster as dg
import polars as pl

from core.calendar import CHINA
from core.contracts.raw import Post, Slice
from core.listening import Listening
from core.platforms import Platform
from core.storage.pseudonym_key import pseudonym
from core.storage.raw import land, partition_dir, to_frame
from orchestration.definitions import defs
from orchestration.defs.jobs import daily_refresh
from orchestration.lib import catching_up
from orchestration.lib.days import all_stale_days
from sandbox.background import shown
from sandbox.corpus import SandboxPost
from sandbox.search import matching
from tests.life import changes, world

FIRST_DAY = date(2026, 2, 2)  # after the event: a day has some 15 posts, so that a run takes seconds
PLATFORMS: tuple[Platform, ...] = ("weibo", "zhihu")
NAMES = ("大熊", "米粉", "徐洁云", "KOL")
BUDGET_DAYS = 2  # instead of a month, so that changes need several runs
LISTENING: dict[str, Any] = {
    "history_start": FIRST_DAY.isoformat(),
    "platforms": [*PLATFORMS],
    "comments": {"top_posts": 0},
    "topics": [
        {
            "id": f"topic_{number}",
            "name": f"题{number}",
            "brand": "小米",
            "window": {"start": FIRST_DAY.isoformat()},
            "queries": [f"小米 {name}" for name in NAMES],
            "match": {"all": ["小米"], "any": list(names)},
        }
        for number, names in enumerate((NAMES[:2], NAMES[1:]))
    ],
}


class Simulation:
    """A data folder, and the time. ``story`` says what has been done, for the message of a failure."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.data = folder / "data"
        self.rng = random.Random(f"life {seed}")  # repeatable, not secret
        self.now = datetime.combine(FIRST_DAY, datetime.min.time(), CHINA) + timedelta(hours=6, minutes=1)
        self.story = [f"seed {seed}"]
        self.variables: dict[str, str] = {}
        self.site = ""  # the address of the sandbox
        self.cursor: str | None = None
        self.is_built = True  # dbt has built what was read
        self.numbers = iter(range(1000))
        self.data.mkdir(parents=True)
        (self.data / "pseudonym.key").write_text(world.KEY, encoding="ascii")
        (self.data / "pseudonym.key").chmod(0o600)
        world.write_listening(self.data, LISTENING)

    @contextmanager
    def places(self, data: Path | None = None) -> Iterator[None]:
        """The environment of a run at this time, whose clock starts now."""
        variables = self.variables | {"TINGFENG_NOW": self.now.isoformat(), "TINGFENG_SOURCE": "sandbox"}
        variables["TINGFENG_SANDBOX_URL"] = self.site
        with world.places(data or self.data, **variables), mock.patch("core.environment._STARTED", time.monotonic()):
            yield

    def next_day(self) -> None:
        self.now += timedelta(days=1)

    def change(self) -> None:
        """Do one random change."""
        while True:
            make = self.rng.choice(CHANGES)
            if make(self):
                self.story.append(f"{self.now:%m-%d} {make.__name__}")
                return

    def edit(self, change: Callable[[dict[str, Any]], object]) -> bool:
        """Edit listening.yaml; false if the result is the same or not valid, and nothing was written."""
        content = world.read_listening(self.data)
        change(content)
        try:
            Listening.model_validate(content)
        except ValueError:
            return False
        if content == world.read_listening(self.data):
            return False
        world.write_listening(self.data, content)
        return True

    def edit_topic(self, **values: Any) -> bool:
        return self.edit(lambda content: self.rng.choice(content["topics"]).update(values))

    def posts(self) -> list[tuple[str, str]]:
        """The platform and id of each landed post."""
        files = sorted(self.data.glob("raw/posts/platform=*/day=*/*.parquet"))
        frames = [pl.read_parquet(file, columns=["platform", "post_id"], hive_partitioning=False) for file in files]
        return pl.concat(frames).unique().sort(pl.all()).rows() if frames else []

    # Runs

    def requested_days(self, instance: dg.DagsterInstance) -> list[str]:
        """The days that the daily schedule requests at this time."""
        with self.places():
            context = dg.build_schedule_context(
                instance, scheduled_execution_time=self.now, repository_def=defs.get_repository_def()
            )
            requests = daily_refresh(context)
        assert isinstance(requests, list)
        days = [request.partition_key for request in requests]
        return [day for day in days if day is not None and day >= FIRST_DAY.isoformat()]

    def land_and_read(self, days: Sequence[str]) -> None:
        """Land days as crawls at this time would, and read them; the next refresh builds them."""
        self.is_built = self.is_built and not days
        with self.places():
            listening = Listening.model_validate(world.read_listening(self.data))
            for day in days:
                for platform in PLATFORMS:
                    if listening.is_crawled(platform, date.fromisoformat(day)):
                        land_as_crawled(self.data, listening, platform, day, self.now)
            asset = defs.get_repository_def().assets_defs_by_key[dg.AssetKey(["enriched", "posts"])]
            # One run instead of one for each day, which would take a second each.
            with (
                dg.DagsterInstance.ephemeral() as instance,
                mock.patch("orchestration.defs.enriched.posts.run_days", return_value=sorted(days)),
            ):
                assert dg.materialize([asset], instance=instance, raise_on_error=False).success, self

    def refresh(self, instance: dg.DagsterInstance, day: str) -> None:
        """The scheduled run of a day, with a real crawl."""
        with self.places():
            world.run_job("refresh", instance, partition_key=day)
        self.is_built = True

    def catch_up(self, instance: dg.DagsterInstance) -> list[str]:
        """What the sensor requests after a refresh; returns the days that are stale after it."""
        newest = functools.partial(catching_up.newest, budget=BUDGET_DAYS)
        with self.places(), mock.patch.object(catching_up, "newest", newest):
            context = dg.build_sensor_context(instance, cursor=self.cursor, repository_def=defs.get_repository_def())
            result = defs.resolve_sensor_def("stale_days").evaluate_tick(context)
            self.cursor = result.cursor
            for request in result.run_requests or []:
                world.run_job("catch_up", instance, tags=request.tags)
            return all_stale_days()

    def from_nothing(self, folder: Path) -> Path:
        """A data folder that is built from the same raw, labels and configuration."""
        data = Path(shutil.copytree(self.data, folder / f"nothing{next(self.numbers)}"))
        for name in ("enriched", "serving", "warehouse.duckdb", "publications", "landings/enriched"):
            path = data / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        with self.places(data), dg.DagsterInstance.ephemeral() as instance:
            world.run_job("catch_up", instance)
        return data

    def __str__(self) -> str:
        return "; ".join(self.story)


def land_as_crawled(data: Path, listening: Listening, platform: Platform, day: str, now: datetime) -> None:
    """Land the posts of a day that the sandbox's searches return at a time, and a slice for each query."""
    on = date.fromisoformat(day)
    posts = shown(platform, on, on, now)
    found: dict[str, Post] = {}
    slices = []
    crawl_id = f"{now:%Y%m%dT%H%M}-{day}"
    start = datetime.combine(on, datetime.min.time(), CHINA)
    for query in listening.queries(platform, on):
        results = matching(posts, query)
        found |= {post.post_id: as_raw(post, query, now, crawl_id) for post in results if post.post_id not in found}
        slices.append(
            Slice(
                platform=platform,
                query=query,
                slice_start=start,
                slice_end=start + timedelta(days=1),
                state="ok" if results else "empty",
                reason=None if results else "no results",
                pages=1,
                posts_seen=len(results),
                posts_kept=len(results),
                kept_ids=[post.post_id for post in results],
                observed_at=now,
                crawl_id=crawl_id,
            )
        )
    assert not list(partition_dir(data, "slices", platform, day).glob(f"{crawl_id}*"))
    land(data, "slices", platform, day, crawl_id, to_frame("slices", slices))
    if found:
        land(data, "posts", platform, day, crawl_id, to_frame("posts", list(found.values())))


def as_raw(post: SandboxPost, query: str, now: datetime, crawl_id: str) -> Post:
    is_weibo = post.platform == "weibo"
    site = "https://m.weibo.cn/detail/" if is_weibo else "https://www.zhihu.com/question/1/answer/"
    return Post(
        platform=post.platform,
        post_id=post.post_id,
        post_url=f"{site}{post.post_id}",
        post_type=post.post_type,
        title=post.title,
        text=post.text,
        posted_at=post.posted_at,
        author_id=pseudonym(world.KEY.encode("ascii"), post.platform, post.author.author_id),
        like_count=post.likes,
        comment_count=post.comments,
        share_count=post.shares if is_weibo else None,
        collect_count=None if is_weibo else post.collects,
        is_ad=post.is_ad,
        query=query,
        observed_at=now,
        crawl_id=crawl_id,
        source="spider",
        payload="{}",
    )


# Changes: each returns whether it changed anything.


def add_topic(run: Simulation) -> bool:
    number = next(run.numbers)
    names = run.rng.sample(NAMES, 2)
    topic = LISTENING["topics"][0] | {"id": f"added_{number}", "name": f"新题{number}"}
    topic |= {"match": {"all": ["小米"], "any": names}, "queries": [f"小米 {name}" for name in names]}
    return run.edit(lambda content: content["topics"].append(topic))


def remove_topic(run: Simulation) -> bool:
    return run.edit(lambda content: content["topics"].pop(run.rng.randrange(len(content["topics"]))))


def name_topic(run: Simulation) -> bool:
    return run.edit_topic(name=f"改名{next(run.numbers)}")


def rename_topic(run: Simulation) -> bool:
    return run.edit_topic(id=f"renamed_{next(run.numbers)}")


def change_window(run: Simulation) -> bool:
    """Narrower, wider, closed or open again."""
    so_far = max((run.now.date() - FIRST_DAY).days, 1)
    start = FIRST_DAY + timedelta(days=run.rng.randrange(so_far))
    end = start + timedelta(days=run.rng.randrange(so_far + 1)) if run.rng.random() < 0.5 else None
    return run.edit_topic(window={"start": start.isoformat()} | ({"end": end.isoformat()} if end else {}))


def change_match(run: Simulation) -> bool:
    return run.edit_topic(match={"all": ["小米"], "any": run.rng.sample(NAMES, run.rng.randint(1, 4))})


def change_relevance(run: Simulation) -> bool:
    return run.edit_topic(relevance={"against": {2.0: [run.rng.choice(("失望", "支持", "手机", "粥"))]}})


def change_queries(run: Simulation) -> bool:
    return run.edit_topic(queries=[f"小米 {name}" for name in run.rng.sample(NAMES, run.rng.randint(1, 4))])


def change_platforms_of_topic(run: Simulation) -> bool:
    return run.edit_topic(platforms=run.rng.sample(PLATFORMS, run.rng.randint(1, 2)))


def change_platforms(run: Simulation) -> bool:
    return run.edit(lambda content: content.update(platforms=run.rng.sample(PLATFORMS, run.rng.randint(1, 2))))


def change_history_start(run: Simulation) -> bool:
    day = FIRST_DAY + timedelta(days=run.rng.randrange(4))
    return run.edit(lambda content: content.update(history_start=day.isoformat()))


def change_aliases(run: Simulation) -> bool:
    return run.edit(lambda content: content.update(aliases={"大熊": [run.rng.choice(("小米大熊", "大熊小米"))]}))


def change_accounts(run: Simulation) -> bool:
    account = {"platform": "weibo", "id": "1000000001", "name": f"样例{next(run.numbers)}", "official_for": ["小米"]}
    return run.edit(lambda content: content.update(accounts=[account]))


def change_settings(run: Simulation) -> bool:
    weight, followers = run.rng.randint(1, 9), run.rng.choice((100, 10_000, 100_000))
    return run.edit(
        lambda content: content.update(
            heat={"volume": weight}, voices={"kol_followers": followers}, statement_words=[run.rng.choice(NAMES)]
        )
    )


def label_posts(run: Simulation) -> bool:
    posts = run.posts()
    if not posts:
        return False
    rows = [["platform", "post_id", "sentiment", "labeller", "labelled_at"]]
    for platform, post_id in run.rng.sample(posts, min(3, len(posts))):
        sentiment = run.rng.choice(("negative", "neutral", "positive"))
        rows.append([platform, post_id, sentiment, "one", run.now.isoformat()])
    changes.write_rows(run.data / f"labels/{next(run.numbers):04}.csv", rows)
    return True


def label_relevance(run: Simulation) -> bool:
    posts, topics = run.posts(), world.read_listening(run.data)["topics"]
    if not posts:
        return False
    rows = [["platform", "post_id", "text", "topic_id", "relevant"]]
    rows += [[*run.rng.choice(posts), "", topics[0]["id"], run.rng.choice(("yes", "no"))]]
    changes.write_rows(run.data / f"labels/relevance/{next(run.numbers):04}.csv", rows)
    return True


def change_model(run: Simulation) -> bool:
    if run.variables:
        run.variables = {}
    else:
        run.variables = changes.other_model(run.data)
    return True


def delete_warehouse(run: Simulation) -> bool:
    return _deleted(run, "warehouse.duckdb")


def delete_snapshot(run: Simulation) -> bool:
    return _deleted(run, "serving")


def delete_enriched(run: Simulation) -> bool:
    """Not what only the simulation has read and not built: its observations would be older than those in raw."""
    return run.is_built and _deleted(run, "enriched")


def _deleted(run: Simulation, name: str) -> bool:
    is_there = (run.data / name).exists()
    if is_there:
        changes.gone(name)(run.data)
    return is_there


CHANGES: Sequence[Callable[[Simulation], bool]] = (
    add_topic, remove_topic, name_topic, rename_topic, change_window, change_window, change_match, change_relevance,
    change_queries, change_platforms_of_topic, change_platforms, change_history_start, change_aliases, change_accounts,
    change_settings, label_posts, label_relevance, change_model, delete_warehouse, delete_snapshot, delete_enriched,
)  # fmt: skip

KEY_COLUMNS = 3  # topic, platform and day, in tables whose numbers are null while they are not known


def differences(data: Path, truth: Path) -> list[str]:
    """Where the marts of a folder are not those of the truth.

    With stale days, only the numbers of platform-days are compared. Each of a stale day may be null instead.
    """
    stale = stale_days(data)
    if not stale:
        ours, theirs = world.marts(data), world.marts(truth)
        return [
            f"{table}: {row} {where}"
            for table in theirs
            for rows, others, where in (
                (ours[table], theirs[table], "is not in the build from nothing"),
                (theirs[table], ours[table], "is only in the build from nothing"),
            )
            for row in rows
            if row not in others
        ]
    return [
        line
        for table in ("daily_volume", "daily_interaction")
        for line in _differing(table, *(_by_key(folder, table) for folder in (data, truth)), stale)
    ]


def stale_days(data: Path) -> list[str]:
    """The days of the served snapshot that are out of date in it, in order."""
    return [day for (day,) in world.served(data, "select posted_date::varchar from marts.stale_days order by 1")]


def _by_key(data: Path, table: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    return {row[:KEY_COLUMNS]: row for row in world.marts(data, [table])[table]}


def _differing(
    table: str, ours: Mapping[tuple[Any, ...], Any], theirs: Mapping[tuple[Any, ...], Any], stale: Collection[str]
) -> list[str]:
    lines = [f"{table}: {key} is missing" for key in sorted(theirs.keys() - ours.keys())]
    lines += [f"{table}: {key} is too many" for key in sorted(ours.keys() - theirs.keys())]
    for key in ours.keys() & theirs.keys():
        is_right = _is_unknown_or_right if key[2].isoformat() in stale else operator.eq
        if not is_right(ours[key], theirs[key]):
            lines.append(f"{table}: {ours[key]} instead of {theirs[key]}")
    return lines


def _is_unknown_or_right(ours: tuple[Any, ...], theirs: tuple[Any, ...]) -> bool:
    """True if all numbers of a row are null, or if its flags are right and each number is null or right.

    A platform without posts on a day has 0 of them by any rules, and its share of all platforms is null while another
    one has to be read again.
    """
    cells = list(zip(ours, theirs, strict=True))[KEY_COLUMNS:]
    flags = [(own, right) for own, right in cells if isinstance(own, bool)]
    numbers = [(own, right) for own, right in cells if not isinstance(own, bool)]
    if all(own is None for own, _ in numbers):
        return True
    return all(own == right for own, right in flags) and all(own in (None, right) for own, right in numbers)
