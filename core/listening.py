"""listening.yaml: what to listen for. Read and validated here, for everyone."""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.platforms import CRAWLED_PLATFORMS, PLATFORMS, Platform
from core.problems import Problem
from core.strict_yaml import YamlProblem, load_yaml


class ListeningProblem(Problem):
    """listening.yaml cannot be used; the message names file, key and remedy, a line each."""


def _is_word(text: str) -> str:
    if all(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("empty; write a word or take it out")
    return text


def _is_day(value: object) -> object:
    # Left to itself pydantic reads 20260101 as seconds since 1970, and a midnight as a day.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"{value!r} is no date; write it as YYYY-MM-DD")
    return value


def _are_distinct(platforms: list[Platform]) -> list[Platform]:
    for platform in platforms:
        if platforms.count(platform) > 1:
            raise ValueError(f"{platform} stands twice; name it once")
    return platforms


_Word = Annotated[str, AfterValidator(_is_word)]
_Words = Annotated[list[_Word], Field(default_factory=list)]
_Weighted = Annotated[
    dict[Annotated[float, Field(gt=0, allow_inf_nan=False)], list[_Word]], Field(default_factory=dict)
]
_Day = Annotated[date, BeforeValidator(_is_day)]
_Platforms = Annotated[list[Platform], Field(min_length=1), AfterValidator(_are_distinct)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Window(_Strict):
    """Days of publication in Asia/Shanghai, both included; without an end the topic is still open."""

    start: _Day
    end: _Day | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Window":
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}; swap them")
        return self


class Match(_Strict):
    """A post matches when it holds every word of ``all``, one of ``any`` if there are some, and none of ``none``."""

    any: _Words
    all: _Words
    none: _Words

    @model_validator(mode="after")
    def _asks_for_something(self) -> "Match":
        if not self.any and not self.all:
            raise ValueError("any and all are both empty, so that every post would match; name a word in one of them")
        return self


class Relevance(_Strict):
    """What tells whether a post that matches is about the topic: words around the name, each under its weight.

    A post whose words against weigh more than ``prior`` and its words for is irrelevant. Weights are log-odds: 1 is a
    hint, 2 is strong. ``prior`` is what a post without any of these words has. More than ``most_hashtags`` hashtags
    weigh against a post like a word of 2; by default any number will do.
    """

    for_: _Weighted = Field(alias="for")
    against: _Weighted
    prior: Annotated[float, Field(allow_inf_nan=False)] = 0
    most_hashtags: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _words_take_a_side(self) -> "Relevance":
        words = [word for side in (self.for_, self.against) for listed in side.values() for word in listed]
        for word in words:
            if words.count(word) > 1:
                raise ValueError(f"{word!r} stands twice; give it one side and one weight")
        return self


class Topic(_Strict):
    """One thing that is listened for. Without queries it is not crawled, and matched against imported posts alone."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]
    name: Annotated[str, Field(min_length=1)]
    brand: Annotated[str, Field(min_length=1)]
    platforms: _Platforms = list(PLATFORMS)
    queries: _Words
    match: Match
    relevance: Relevance = Relevance.model_validate({})
    window: Window


class Account(_Strict):
    """An account whose posts are all collected, whatever they say, and which keeps its name in the tables.

    id: as the site's own address of its profile has it: weibo's number, douyin's sec_uid, xiaohongshu's user id,
    zhihu's url_token.
    """

    platform: Platform
    id: Annotated[str, Field(pattern=r"^[\w-]{1,128}$")]
    name: _Word
    official_for: _Words  # brands of topics: what the account posts is said by the brand, or relays it


class Comments(_Strict):
    """How many comments are collected. ``top_posts``: of each platform and day, the posts with the most interactions,
    besides all posts of listed accounts; 0 collects none. Their authors' profiles are read as well."""

    # With these, some 50 requests a platform and day: at ten seconds each, eight minutes.
    top_posts: Annotated[int, Field(ge=0)] = 5
    pages: Annotated[int, Field(ge=1)] = 1  # of a post: the 10 to 20 comments that the site shows first
    reply_pages: Annotated[int, Field(ge=0)] = 1  # of a comment with more replies than its page shows


class Voices(_Strict):
    """Whom the tables call what. An account with ``kol_followers`` or more is a KOL (意见领袖), unless it is a brand's
    own or an organisation's."""

    # Where agencies begin to call an account 腰部 (mid-tier); below it are 尾部 accounts, which reach their own circle.
    kol_followers: Annotated[int, Field(gt=0)] = 100_000


_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Heat(_Strict):
    """How much each part of a topic's heat (热度) weighs: the logarithms of its posts, interactions and authors, and of
    its best place in hot lists. Nobody has measured which tells more, so that each weighs 1 by default."""

    volume: _Weight = 1
    interactions: _Weight = 1
    authors: _Weight = 1
    hot_list: _Weight = 1


# What statements call themselves, or are called by those who relay them.
STATEMENT_WORDS = ("声明", "致歉", "道歉", "回应", "澄清", "公告", "通报")


class Listening(_Strict):
    """The whole file."""

    history_start: _Day
    platforms: _Platforms
    # Hashtags that mean the same, under the name that they go by.
    aliases: dict[_Word, Annotated[list[_Word], Field(min_length=1)]] = Field(default_factory=dict)
    topics: Annotated[list[Topic], Field(min_length=1)]
    accounts: list[Account] = Field(default_factory=list)
    comments: Comments = Comments()
    voices: Voices = Voices()
    heat: Heat = Heat()
    # A post of an account that is official_for a brand is its statement when it holds one of these: such accounts, and
    # media that relay for them all the more, also post what answers nothing.
    statement_words: Annotated[list[_Word], Field(min_length=1)] = list(STATEMENT_WORDS)

    @model_validator(mode="after")
    def _aliases_have_one_name(self) -> "Listening":
        named = [alias for aliases in self.aliases.values() for alias in aliases]
        for alias in named:
            if named.count(alias) > 1 or alias in self.aliases:
                raise ValueError(
                    f"aliases: {alias!r} has two names; keep it under one, and name no alias after another"
                )
        return self

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
            if not self.topic_platforms(topic):
                raise ValueError(f"topics.{number}.platforms: none of them is under platforms; add one there or here")
        return self

    @model_validator(mode="after")
    def _accounts_fit(self) -> "Listening":
        listed = [(account.platform, account.id) for account in self.accounts]
        for number, account in enumerate(self.accounts):
            if listed[number] in listed[:number]:
                raise ValueError(f"accounts.{number}.id: {account.id} of {account.platform} stands twice; take one out")
            if account.platform not in self.platforms:
                raise ValueError(f"accounts.{number}.platform: {account.platform} is not under platforms; add it there")
            for brand in account.official_for:
                if brand not in {topic.brand for topic in self.topics}:
                    raise ValueError(f"accounts.{number}.official_for: {brand!r} is the brand of no topic; write it so")
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

    def accounts_of(self, platform: Platform) -> list[Account]:
        """The listed accounts of a platform."""
        return [account for account in self.accounts if account.platform == platform]

    def is_asked(self, platform: Platform, day: date) -> bool:
        """Whether a platform is asked for anything that was published on a day."""
        is_crawled = platform in self.platforms and platform in CRAWLED_PLATFORMS
        return is_crawled and bool(self.queries(platform, day) or self.accounts_of(platform))


def listening_path() -> Path:
    """TINGFENG_LISTENING, by default ./listening.yaml."""
    return Path(os.environ.get("TINGFENG_LISTENING") or "listening.yaml")


def load_listening(path: Path | None = None) -> Listening:
    """Read and validate the file. Raises ListeningProblem with a line for each thing to mend."""
    path = path or listening_path()
    if not path.is_file():
        raise ListeningProblem(f"{path}: no such file; write one, or set TINGFENG_LISTENING to where it is.")
    try:
        return load_yaml(path, Listening, "history_start, platforms and topics")
    except YamlProblem as problem:
        raise ListeningProblem(str(problem)) from problem
