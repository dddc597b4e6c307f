"""listening.yaml, which says what to collect: its pydantic models and its loading."""

import os
import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from core.platforms import CRAWLED_PLATFORMS, PLATFORMS, Platform
from core.problems import Problem
from core.strict_yaml import load_yaml


def _require_word(text: str) -> str:
    if all(char.isspace() or not char.isprintable() for char in text):
        raise ValueError("empty; write a word or remove the entry")
    return text


def _require_day(value: object) -> object:
    # Without this check pydantic reads 20260101 as seconds since 1970, and a datetime at midnight as a date.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"{value!r} is not a valid date; write it as YYYY-MM-DD")
    return value


def _require_distinct(platforms: list[Platform]) -> list[Platform]:
    for platform in platforms:
        if platforms.count(platform) > 1:
            raise ValueError(f"{platform} appears twice; remove one")
    return platforms


_Word = Annotated[str, AfterValidator(_require_word)]
_Words = Annotated[list[_Word], Field(default_factory=list)]
_Weighted = Annotated[
    dict[Annotated[float, Field(gt=0, allow_inf_nan=False)], list[_Word]], Field(default_factory=dict)
]
_Day = Annotated[date, BeforeValidator(_require_day)]
_Platforms = Annotated[list[Platform], Field(min_length=1), AfterValidator(_require_distinct)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Window(_Strict):
    """The first and last day of publication (Asia/Shanghai, inclusive); without an end the topic stays open."""

    start: _Day
    end: _Day | None = None

    @model_validator(mode="after")
    def _ends_after_start(self) -> "Window":
        if self.end is not None and self.end < self.start:
            raise ValueError(f"end {self.end} is before start {self.start}; swap them")
        return self

    def includes(self, day: date) -> bool:
        """True if the day is in the window."""
        return self.start <= day and (self.end is None or day <= self.end)


class Match(_Strict):
    """A post matches if it contains every word of ``all``, at least one of ``any`` (if not empty) and none of
    ``none``."""

    any: _Words
    all: _Words
    none: _Words

    @model_validator(mode="after")
    def _has_a_word(self) -> "Match":
        if not self.any and not self.all:
            raise ValueError("any and all are both empty, so every post would match; add a word to one of them")
        return self


class Relevance(_Strict):
    """Rules that decide whether a matching post is about the topic: words in its text, grouped by weight.

    A post is irrelevant if the weights of its words in ``against`` exceed ``prior`` plus those of its words in ``for``.
    Weights are log-odds: 1 is a hint, 2 is strong. ``prior`` is the score of a post with none of these words. More than
    ``most_hashtags`` hashtags count as a word of weight 2 against the post; by default there is no limit.
    """

    for_: _Weighted = Field(alias="for")
    against: _Weighted
    prior: Annotated[float, Field(allow_inf_nan=False)] = 0
    most_hashtags: Annotated[int, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def _words_are_distinct(self) -> "Relevance":
        words = [word for side in (self.for_, self.against) for listed in side.values() for word in listed]
        for word in words:
            if words.count(word) > 1:
                raise ValueError(f"{word!r} appears twice; list it once, under one weight of for or against")
        return self


def _require_no_folder(topic_id: str) -> str:
    if topic_id == "archive":
        raise ValueError("'archive' is the folder of removed topics' reports; choose another id")
    return topic_id


class Topic(_Strict):
    """A topic. Without queries it is not crawled, and only matched against imported posts."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64), AfterValidator(_require_no_folder)]
    name: Annotated[str, Field(min_length=1)]
    brand: Annotated[str, Field(min_length=1)]
    platforms: _Platforms = list(PLATFORMS)
    queries: _Words
    match: Match
    relevance: Relevance = Relevance.model_validate({})
    window: Window


class Account(_Strict):
    """A listed account: all its posts are collected, and its name is kept in the tables instead of a pseudonym.

    id: the id in the URL of its profile: the number on Weibo, sec_uid on Douyin, the user id on Xiaohongshu, url_token
    on Zhihu.
    """

    platform: Platform
    id: Annotated[str, Field(pattern=r"^[\w-]{1,128}$")]
    name: _Word
    official_for: _Words  # brands of topics for which the account speaks, or whose statements it relays


class Comments(_Strict):
    """How many comments are collected.

    top_posts: collect the comments of so many posts per platform and day, those with the most interactions, in addition
    to all posts of listed accounts; 0 collects no comments. The profiles of these posts' authors are collected as well.
    """

    # The defaults take about 50 requests per platform and day, eight minutes at ten seconds each.
    top_posts: Annotated[int, Field(ge=0)] = 5
    pages: Annotated[int, Field(ge=1)] = 1  # per post; a page has 10 to 20 comments
    reply_pages: Annotated[int, Field(ge=0)] = 1  # per comment that has more replies than the comment page shows


class Voices(_Strict):
    """How accounts are classified.

    An account with at least ``kol_followers`` followers is a KOL (意见领袖), unless it belongs to the brand or to an
    organisation.
    """

    # Agencies call accounts from here on 腰部 (mid-tier), and smaller ones 尾部, which reach only their own circle.
    kol_followers: Annotated[int, Field(gt=0)] = 100_000


_Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Heat(_Strict):
    """The weights of a topic's heat (热度).

    They apply to the logarithms of its posts, interactions and authors, and of its best rank in hot lists. No
    measurement says which matters more, so each is 1 by default.
    """

    volume: _Weight = 1
    interactions: _Weight = 1
    authors: _Weight = 1
    hot_list: _Weight = 1


_Days = Annotated[int, Field(gt=0)] | None


class Retention(_Strict):
    """After how many days each layer is deleted; by default never.

    raw and payloads (the records as received, whose rows stay) count from the day of publication, the others from when
    the file was written.
    """

    payloads: _Days = None
    raw: _Days = None
    quarantine: _Days = None
    inbox: _Days = None  # files in set-aside; inbox.keep_days is for those in done
    reports: _Days = None  # and the marts of past moments


class Inbox(_Strict):
    """keep_days: for how many days the originals that were imported from data/inbox/ are kept in inbox/done.

    They name people, so they are removed after the import by default.
    """

    keep_days: Annotated[int, Field(ge=0)] = 0


# Words by which statements, and posts that relay them, refer to a statement.
STATEMENT_WORDS = ("声明", "致歉", "道歉", "回应", "澄清", "公告", "通报")


class Listening(_Strict):
    """The content of listening.yaml."""

    history_start: _Day
    platforms: _Platforms
    # Hashtags with the same meaning, by the name that replaces them.
    aliases: dict[_Word, Annotated[list[_Word], Field(min_length=1)]] = Field(default_factory=dict)
    topics: Annotated[list[Topic], Field(min_length=1)]
    accounts: list[Account] = Field(default_factory=list)
    comments: Comments = Comments()
    voices: Voices = Voices()
    heat: Heat = Heat()
    inbox: Inbox = Inbox()
    retention: Retention = Retention()
    # A post by an account that is official_for a brand is a statement only if it contains one of these words, because
    # such accounts, and even more the media that relay them, also post about other things.
    statement_words: Annotated[list[_Word], Field(min_length=1)] = list(STATEMENT_WORDS)

    @model_validator(mode="after")
    def _aliases_have_one_name(self) -> "Listening":
        named = [alias for aliases in self.aliases.values() for alias in aliases]
        for alias in named:
            if named.count(alias) > 1 or alias in self.aliases:
                raise ValueError(
                    f"aliases: {alias!r} has two names; list it under one name, and use no alias as a name"
                )
        return self

    @model_validator(mode="after")
    def _topics_fit(self) -> "Listening":
        ids = [topic.id for topic in self.topics]
        for number, topic in enumerate(self.topics):
            if topic.id in ids[:number]:
                raise ValueError(f"topics.{number}.id: {topic.id!r} is the id of another topic; give each its own id")
            if topic.window.start < self.history_start:
                raise ValueError(
                    f"topics.{number}.window.start: {topic.window.start} is before history_start {self.history_start}; "
                    "set history_start earlier"
                )
            if not self.topic_platforms(topic):
                raise ValueError(
                    f"topics.{number}.platforms: none of these is listed under platforms; add one there or here"
                )
        return self

    @model_validator(mode="after")
    def _accounts_fit(self) -> "Listening":
        listed = [(account.platform, account.id) for account in self.accounts]
        for number, account in enumerate(self.accounts):
            if listed[number] in listed[:number]:
                raise ValueError(f"accounts.{number}.id: {account.id} of {account.platform} appears twice; remove one")
            if account.platform not in self.platforms:
                raise ValueError(
                    f"accounts.{number}.platform: {account.platform} is not listed under platforms; add it there"
                )
            for brand in account.official_for:
                if brand not in {topic.brand for topic in self.topics}:
                    raise ValueError(
                        f"accounts.{number}.official_for: no topic has the brand {brand!r}; use a topic's brand"
                    )
        return self

    def topic_platforms(self, topic: Topic) -> list[Platform]:
        """The platforms of a topic: its own, as far as they are listed under ``platforms``."""
        return [platform for platform in self.platforms if platform in topic.platforms]

    def queries(self, platform: Platform, day: date) -> list[str]:
        """The search queries of a platform for a day of publication: those of all topics whose window includes it."""
        queries = [
            query
            for topic in self.topics
            if platform in self.topic_platforms(topic) and topic.window.includes(day)
            for query in topic.queries
        ]
        return list(dict.fromkeys(queries))

    def accounts_of(self, platform: Platform) -> list[Account]:
        """The listed accounts of a platform."""
        return [account for account in self.accounts if account.platform == platform]

    def is_crawled(self, platform: Platform, day: date) -> bool:
        """True if there is anything to crawl on a platform for a day of publication: a query or a listed account."""
        has_crawls = platform in self.platforms and platform in CRAWLED_PLATFORMS
        return has_crawls and bool(self.queries(platform, day) or self.accounts_of(platform))


def listening_path() -> Path:
    """TINGFENG_LISTENING, the path of the file; ./listening.yaml by default."""
    return Path(os.environ.get("TINGFENG_LISTENING") or "listening.yaml")


def load_listening(path: Path | None = None) -> Listening:
    """Read and validate the file; ``path`` defaults to listening_path(). Raises Problem with one line per error."""
    path = path or listening_path()
    if not path.is_file():
        raise Problem(f"{path}: no such file; create it, or set TINGFENG_LISTENING to its path.")
    return load_yaml(path, Listening, "history_start, platforms and topics")
