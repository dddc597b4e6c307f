"""Changes of the configuration, and what each rebuilds: the table of docs/changes.md, from which the tests run too."""

import csv
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from orchestration.reading.sentiment.classifier import WEIGHTS
from tests.life import world

# Days in the words of docs/changes.md.
Days = Literal["none", "all", "its window", "all windows", "days gained", "days lost", "day of the post"]
# What a topic's days are until they are read, or crawled, again.
Unknown = Literal["", "null", "incomplete"]


class Change(NamedTuple):
    """A change of a data folder with marts.

    make: does it, and returns environment variables for the runs after it. posts, topics: the days that are read again,
    for the words and sentiment of posts and for their topics. built: the days that dbt builds. tables: the tables
    without days that are written again. unknown: the days that are unknown until then, and how. patch: of a row that is
    a change of code, the attribute that it changes. here: what "days gained" and the like are here.
    """

    subject: str
    change: str
    posts: Days
    topics: Days
    built: Days
    tables: tuple[str, ...]
    unknown: tuple[Days, Unknown]
    make: Callable[[Path], Mapping[str, str] | None]
    patch: str = ""
    here: tuple[str, ...] = ()


NOTHING: tuple[Days, Unknown] = ("none", "")


def listening(edit: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    """An edit of listening.yaml. edit: changes what the file holds."""

    def make(data: Path) -> None:
        content = world.read_listening(data)
        edit(content)
        world.write_listening(data, content)

    return make


def phones(**values: Any) -> Callable[[Path], None]:
    """An edit of the topic phones."""
    return listening(lambda content: content["topics"][0].update(values))


def settings(**values: Any) -> Callable[[Path], None]:
    """An edit of keys of listening.yaml."""
    return listening(lambda content: content.update(values))


def reverse(content: dict[str, Any]) -> None:
    content["topics"].reverse()
    content["platforms"].reverse()
    for topic in content["topics"]:
        topic["match"]["any"].reverse()


def new_topic(**values: Any) -> Callable[[Path], None]:
    topic = {**world.LISTENING["topics"][0], "id": "added", "name": "新题"}
    return listening(lambda content: content["topics"].append(topic | values))


def gone(*names: str) -> Callable[[Path], None]:
    """Delete files or folders of the data folder."""

    def make(data: Path) -> None:
        for name in names:
            path = data / name
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return make


ACCOUNT = {"platform": "weibo", "id": "1000000001", "name": "样例甲"}
ALIASES = {"大熊": ["小米大熊"]}
LABELLED = ("weibo", "2026-01-03", 0)  # a post of the topic


def label(data: Path) -> None:
    platform, day, number = LABELLED
    rows = [["platform", "post_id", "sentiment", "labeller", "labelled_at"]]
    rows.append([platform, world.post_id("weibo", day, number), "negative", "one", "2026-01-09T10:00+08:00"])
    write_rows(data / "labels/one.csv", rows)


def label_of_unknown_post(data: Path) -> None:
    rows = [["platform", "post_id", "sentiment", "labeller", "labelled_at"]]
    write_rows(
        data / "labels/unknown.csv", [*rows, ["weibo", "5252110000000001", "negative", "one", "2026-01-09T10:00+08:00"]]
    )


def relevance_label(data: Path) -> None:
    platform, day, number = LABELLED
    rows = [["platform", "post_id", "text", "topic_id", "relevant"]]
    write_rows(
        data / "labels/relevance/one.csv", [*rows, [platform, world.post_id("weibo", day, number), "", "phones", "no"]]
    )


def write_rows(path: Path, rows: list[list[str]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def other_model(data: Path) -> dict[str, str]:
    """The shipped model with more negative predictions."""
    with np.load(WEIGHTS) as weights:
        arrays = dict(weights)
    arrays["bias"] = arrays["bias"] + np.array([1.5, 0, 0], dtype=arrays["bias"].dtype)
    np.savez(data / "own.npz", **arrays)
    return {"TINGFENG_SENTIMENT": f"embedded:{data / 'own.npz'}"}


def nothing(_: Path) -> None:
    """A change of code changes nothing in the folder."""


WIDER, NARROWER = {"start": "2026-01-01", "end": "2026-01-07"}, {"start": "2026-01-03", "end": "2026-01-04"}
GAINED, LOST = ("2026-01-01", "2026-01-06", "2026-01-07"), ("2026-01-02", "2026-01-05")
MORE_WORDS, A_NEW_WORD = {"any": ["小米", "粉丝"]}, {"any": ["小米", "排队"]}
TOPICS, QUERIES = ("topics",), ("topics", "topic_queries")
ALL_TABLES = ("topics", "topic_queries", "accounts", "settings")
WINDOW: tuple[Days, Unknown] = ("its window", "null")

# Rows that change the topic phones alone.
OF_A_TOPIC = [
    Change("topic", "added", "none", "its window", "its window", QUERIES, WINDOW, new_topic()),
    Change("topic", "its name", "none", "none", "none", TOPICS, NOTHING, phones(name="小米手机")),
    Change("topic", "its id", "none", "its window", "its window", QUERIES, WINDOW, phones(id="renamed")),
    Change(
        "topic", "removed", "none", "its window", "its window", QUERIES, NOTHING,
        listening(lambda content: content["topics"].pop(0)),
    ),
    Change("window", "narrower", "none", "days lost", "days lost", TOPICS, NOTHING, phones(window=NARROWER), here=LOST),
    Change(
        "window", "wider", "none", "days gained", "days gained", TOPICS, ("days gained", "null"), phones(window=WIDER),
        here=GAINED,
    ),
    Change(
        "match", "words that others have", "none", "its window", "its window", TOPICS, WINDOW,
        phones(match=MORE_WORDS),
    ),
    Change("match", "a new word", "all", "its window", "all", TOPICS, WINDOW, phones(match=A_NEW_WORD)),
    Change(
        "relevance", "a rule", "none", "its window", "its window", TOPICS, WINDOW,
        phones(relevance={"against": {2: ["太差"]}}),
    ),
    Change(
        "queries", "one more", "none", "none", "none", ("topic_queries",), ("its window", "incomplete"),
        phones(queries=[*world.QUERIES, "小米 新问"]),
    ),
    Change("queries", "one fewer", "none", "none", "none", ("topic_queries",), NOTHING, phones(queries=["小米"])),
    Change("platforms", "of a topic", "none", "its window", "its window", QUERIES, WINDOW, phones(platforms=["weibo"])),
]  # fmt: skip
CHANGES = [
    *OF_A_TOPIC,
    Change("platforms", "one fewer", "none", "none", "none", QUERIES, NOTHING, settings(platforms=["weibo"])),
    Change(
        "platforms", "one more", "none", "none", "none", QUERIES, ("all windows", "null"),
        settings(platforms=["weibo", "zhihu", "douyin"]),
    ),
    Change(
        "history_start", "later", "days lost", "days lost", "days lost", (), NOTHING,
        settings(history_start="2026-01-02"), here=("2026-01-01",),
    ),
    Change("accounts", "one more", "all", "none", "all", ("accounts",), NOTHING, settings(accounts=[ACCOUNT])),
    Change(
        "aliases", "one more", "all", "all windows", "all", TOPICS, ("all windows", "null"),
        settings(aliases=ALIASES),
    ),
    Change("heat", "a weight", "none", "none", "none", ("settings",), NOTHING, settings(heat={"volume": 2})),
    Change(
        "voices", "kol_followers", "none", "none", "none", ("settings",), NOTHING,
        settings(voices={"kol_followers": 500}),
    ),
    Change(
        "statement_words", "other words", "none", "none", "none", TOPICS, NOTHING,
        settings(statement_words=["声明"]),
    ),
    Change(
        "comments, inbox, retention", "any", "none", "none", "none", (), NOTHING,
        settings(comments={"top_posts": 1}, inbox={"keep_days": 3}, retention={"raw": 9999}),
    ),
    Change("order", "of topics, words, platforms", "none", "none", "none", (), NOTHING, listening(reverse)),
    Change(
        "labels", "of a post", "day of the post", "none", "day of the post", (), NOTHING, label,
        here=(LABELLED[1],),
    ),
    Change("labels", "of a post that raw does not have", "none", "none", "none", (), NOTHING, label_of_unknown_post),
    Change(
        "relevance labels", "of a post", "none", "day of the post", "day of the post", (), ("day of the post", "null"),
        relevance_label,
        here=(LABELLED[1],),
    ),
    Change("model", "another one", "all", "all windows", "all", (), NOTHING, other_model),
    Change(
        "code", "of reading", "all", "all", "all", (), NOTHING, nothing, "orchestration.reading.inputs.CODE_VERSION"
    ),
    Change(
        "code", "of statistics and models", "none", "none", "all", (), NOTHING, nothing,
        "orchestration.lib.building.models_version",
    ),
    Change("deleted", "the warehouse", "none", "none", "all", (), NOTHING, gone("warehouse.duckdb")),
    Change("deleted", "the snapshot", "none", "none", "all", (), NOTHING, gone("serving")),
    Change("deleted", "enriched", "all", "all", "none", ALL_TABLES, NOTHING, gone("enriched")),
]  # fmt: skip


def table() -> str:
    """The table of docs/changes.md."""
    rows = [
        (
            change.subject, change.change, change.posts, change.topics, change.built,
            ", ".join(change.tables) or "none",
            ": ".join(change.unknown) if change.unknown[1] else "nothing",
        )
        for change in CHANGES
    ]  # fmt: skip
    head = ("of", "change", "posts read again", "topics read again", "days built", "tables", "unknown until then")
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
