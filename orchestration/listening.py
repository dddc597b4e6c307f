"""listening.yaml: what to listen for. Read and validated here, for everyone."""

import os
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scrapers.items import PLATFORMS, Platform

_Words = Annotated[list[Annotated[str, Field(min_length=1)]], Field(default_factory=list)]


class ListeningProblem(Exception):
    """listening.yaml cannot be used; the message names file, key and remedy, a line each."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Window(_Strict):
    """Days of publication in Asia/Shanghai, both included; without an end the topic is still open."""

    start: date
    end: date | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Window":
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}; swap them")
        return self


class Match(_Strict):
    """A post matches when it holds at least one word of ``any`` (if there are some), every one of ``all``, none of ``none``."""

    any: _Words
    all: _Words
    none: _Words

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Match":
        if not self.any and not self.all:
            raise ValueError("any and all are both empty, so that every post would match; name a word in one of them")
        return self


class Topic(_Strict):
    """One thing that is listened for. Without queries it is not crawled, and matched against imported posts alone."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    name: Annotated[str, Field(min_length=1)]
    brand: Annotated[str, Field(min_length=1)]
    platforms: Annotated[list[Platform], Field(min_length=1)] = list(PLATFORMS)
    queries: _Words
    match: Match
    window: Window


class Listening(_Strict):
    """The whole file."""

    history_start: date
    platforms: Annotated[list[Platform], Field(min_length=1)]
    topics: Annotated[list[Topic], Field(min_length=1)]

    @model_validator(mode="after")
    def _topics_fit(self) -> "Listening":
        ids = [topic.id for topic in self.topics]
        for number, topic in enumerate(self.topics):
            if topic.id in ids[:number]:
                raise ValueError(f"topics.{number}.id: {topic.id!r} is taken by another topic; give each its own id")
            if topic.window.start < self.history_start:
                raise ValueError(
                    f"topics.{number}.window.start: {topic.window.start} is before history_start {self.history_start}; "
                    "set history_start earlier"
                )
        return self

    def topic_platforms(self, topic: Topic) -> list[Platform]:
        """The platforms that a topic listens on: its own, of those that are listened to at all."""
        return [platform for platform in self.platforms if platform in topic.platforms]

    def queries(self, platform: Platform, day: date) -> list[str]:
        """What to search a platform for on a day of publication: the queries of the topics whose window holds it."""
        found = [
            query
            for topic in self.topics
            if platform in self.topic_platforms(topic)
            and topic.window.start <= day
            and (topic.window.end is None or day <= topic.window.end)
            for query in topic.queries
        ]
        return list(dict.fromkeys(found))


def listening_path() -> Path:
    """TINGFENG_LISTENING, by default ./listening.yaml."""
    return Path(os.environ.get("TINGFENG_LISTENING") or "listening.yaml")


_REMEDIES = {
    "extra_forbidden": "unknown key; take it out or correct its spelling",
    "missing": "missing; add it",
    "date_from_datetime_parsing": "no date; write it as YYYY-MM-DD",
    "date_type": "no date; write it as YYYY-MM-DD",
    "string_pattern_mismatch": "use lower-case letters, digits and _, a letter first",
}


def load_listening(path: Path | None = None) -> Listening:
    """Read and validate the file. Raises ListeningProblem with a line for each thing to mend."""
    path = path or listening_path()
    if not path.is_file():
        raise ListeningProblem(f"{path}: no such file; write one, or set TINGFENG_LISTENING to where it is.")
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ListeningProblem(f"{path}: not YAML in UTF-8: {error}") from error
    if not isinstance(content, dict):
        raise ListeningProblem(f"{path}: holds no keys; it needs history_start, platforms and topics.")
    try:
        return Listening.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{path}: {'.'.join(str(part) for part in problem['loc'])}: ".replace(": : ", ": ")
            + _REMEDIES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
            for problem in error.errors()
        ]
        raise ListeningProblem("\n".join(problems)) from error
