"""What synthetic posts say: phrases.yaml joined to posts as each platform's people write them.

Which of the event's names (大熊, 米粉, 徐洁云, KOL) a post holds is decided before its words are, and only phrases
are taken that hold no other: so the event says how often each name occurs, not the chance of the phrases.
"""

import functools
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.platforms import Platform
from sandbox.corpus import Sentiment

BRAND = "小米"
NAMES = ("大熊", "米粉", "徐洁云", "KOL")
FOCUSES = (1, 2, 3, 4)
# Words that nobody can have used before the statement.
AFTER_STATEMENT = re.compile("致歉|道歉|终止|声明")

PHRASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8"))
WEIBO_SHORT = 140  # characters that s.weibo.com shows of a post before it cuts
_CHOICE = re.compile(r"\{([^{}]+)\}")
_ENDS_A_SENTENCE = "。！？…】"
# What stands between and after sentences, more or less often; nobody shouts in a neutral post.
_BETWEEN: dict[Sentiment, str] = {"negative": "，，，。。！ ", "neutral": "，，，，。。 ", "positive": "，，，。！！"}
_AFTER: dict[Sentiment, tuple[str, ...]] = {
    "negative": ("。", "！", "", "。。。", "…"),
    "neutral": ("。", "", "", "…"),
    "positive": ("。", "！", "！", "~"),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template; {a|b} and {slot} stand for one of several words, never for a name."""

    template: str
    names: frozenset[str]
    after_statement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a post is to say. ``hashtags`` are without '#', and hold no name that ``names`` has not."""

    sentiment: Sentiment
    names: frozenset[str]
    after_statement: bool
    focus: int | None = None
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a post says; the hashtags stand in the text too, except on Zhihu, which has none."""

    title: str | None = None
    text: str
    hashtags: tuple[str, ...] = ()


def names_in(text: str) -> frozenset[str]:
    return frozenset(name for name in NAMES if name in text)


def phrase(template: str) -> Phrase:
    return Phrase(template, names_in(template), AFTER_STATEMENT.search(template) is not None)


@functools.cache
def phrases(*path: str | int) -> tuple[Phrase, ...]:
    """The phrases of a list in phrases.yaml, one a line."""
    block: Any = PHRASES
    for key in path:
        block = block[key]
    return tuple(phrase(line) for line in str(block).splitlines())


@functools.cache
def fitting(path: tuple[str | int, ...], names: frozenset[str], after_statement: bool, must: str) -> tuple[Phrase, ...]:
    """The phrases of a list that hold no other names, fit the time, and hold ``must``."""
    return tuple(
        candidate
        for candidate in phrases(*path)
        if candidate.names <= names
        and must in candidate.template
        and (after_statement or not candidate.after_statement)
    )


class Writer:
    """Writes posts; the same seed writes the same ones."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def weibo(self, brief: Brief) -> Words:
        """A short post, at most 140 characters."""
        while True:
            sentences = self._told(brief)
            optional = [("openings", 0, 0.5), ("emotions", len(sentences) + 1, 0.5), ("closings", 99, 0.4)]
            for kind, position, likelihood in optional:
                if self._rng.random() < likelihood:
                    sentences.insert(position, self._phrase((kind, brief.sentiment), brief))
            text = self._joined(sentences, brief.sentiment) + self._codes("weibo", brief.sentiment)
            tags = "".join(f"#{tag}#" for tag in brief.hashtags)
            text = f"{tags}{text}" if self._rng.random() < 0.6 else f"{text}{tags}"
            if len(text) <= WEIBO_SHORT:
                return Words(text=text, hashtags=brief.hashtags)

    def weibo_long(self, brief: Brief) -> Words:
        """A long post, 150 to 600 characters in paragraphs; the site cuts it."""
        paragraphs = self._paragraphs(brief, self._rng.randint(150, 480))
        tags = "".join(f"#{tag}#" for tag in brief.hashtags)
        text = tags + "\n".join(paragraphs) + self._codes("weibo", brief.sentiment)
        return Words(text=text, hashtags=brief.hashtags)

    def aside(self, brief: Brief) -> str:
        """What somebody who reposts adds: a sentence or two."""
        return self._joined(self._told(brief), brief.sentiment) + self._codes("weibo", brief.sentiment)

    def douyin(self, brief: Brief) -> Words:
        """A caption with its hashtags."""
        sentences = self._told(brief)
        if self._rng.random() < 0.4:
            sentences.insert(0, self._phrase(("openings", brief.sentiment), brief))
        if self._rng.random() < 0.4:
            sentences.append(self._phrase(("emotions", brief.sentiment), brief))
        hashtags = tuple(tag.replace(" ", "") for tag in brief.hashtags)
        text = self._joined(sentences, brief.sentiment) + self._codes("douyin", brief.sentiment)
        return Words(text=" ".join((text, *(f"#{tag}" for tag in hashtags))), hashtags=hashtags)

    def xiaohongshu(self, brief: Brief) -> Words:
        """A title of at most 20 characters (one note in 20 has none) and a note, a line a thought."""
        title = self._phrase(("titles", brief.sentiment), brief)
        thoughts = [
            self._phrase(("openings", brief.sentiment), brief),
            *self._told(brief),
            self._phrase(("emotions", brief.sentiment), brief),
        ]
        if self._rng.random() < 0.6:
            thoughts.append(self._phrase(("closings", brief.sentiment), brief))
        lines = [thought + self._codes("xiaohongshu", brief.sentiment) for thought in thoughts]
        hashtags = tuple(tag.replace(" ", "") for tag in brief.hashtags)
        if hashtags:
            lines.append(" ".join(f"#{tag}[话题]#" for tag in hashtags))
        return Words(title=title[:20] if self._rng.random() > 0.05 else None, text="\n".join(lines), hashtags=hashtags)

    def zhihu(self, brief: Brief, kind: str, length: int) -> Words:
        """An answer under its question, or an article with its own title, of about ``length`` characters."""
        title = self._phrase((f"{kind}_titles",), brief)
        return Words(title=title, text="\n\n".join(self._paragraphs(brief, length)))

    def comment(self, platform: Platform, brief: Brief) -> str:
        """What somebody says below a post: a short reaction, or one time in three a claim of their own."""
        path: tuple[str | int, ...] = ("comments", brief.sentiment)
        if self._rng.random() < 1 / 3:
            path = ("claims", brief.sentiment, brief.focus or self._rng.choice(FOCUSES))
        return self._phrase(path, brief) + self._codes(platform, brief.sentiment)

    def lines(self, *path: str) -> list[str]:
        """Every phrase of a list, whatever it names."""
        return [self._filled(candidate.template) for candidate in phrases(*path)]

    def line(self, *path: str) -> str:
        """One phrase of a list, whatever it names."""
        return self._filled(self._rng.choice(phrases(*path)).template)

    def _told(self, brief: Brief) -> list[str]:
        """Sentences that hold the brand and every name of the brief, and speak of its focus, in any order."""
        told = []
        if brief.focus is not None:
            told.append(self._phrase(("claims", brief.sentiment, brief.focus), brief))
        for name in (*self._rng.sample(sorted(brief.names), len(brief.names)), BRAND):
            if not any(name in sentence for sentence in told):
                told.append(self._phrase(("mentions", brief.sentiment), brief, must=name))
        self._rng.shuffle(told)
        return told

    def _paragraphs(self, brief: Brief, length: int) -> list[str]:
        """At least ``length`` characters, unless the phrases run out: what is to be told first, then reflections."""
        first = [self._phrase(("openings", brief.sentiment), brief), *self._told(brief)]
        more = [
            candidate.template
            for path in (
                ("reflections",),
                ("mentions", brief.sentiment),
                *(("claims", brief.sentiment, focus) for focus in FOCUSES),
            )
            for candidate in fitting(path, brief.names, brief.after_statement, "")
        ]
        self._rng.shuffle(more)
        paragraphs = [self._joined(first, brief.sentiment)]
        while more and sum(map(len, paragraphs)) < length:
            size = self._rng.randint(2, 5)
            thoughts = [self._filled(template) for template in more[:size]]
            del more[:size]
            paragraphs.append(self._joined(thoughts, brief.sentiment))
        return paragraphs

    def _phrase(self, path: tuple[str | int, ...], brief: Brief, must: str = "") -> str:
        """A phrase of a list that suits the brief; after the statement, in half of the cases one that speaks of it."""
        candidates = fitting(path, brief.names, brief.after_statement, must)
        newer = [candidate for candidate in candidates if candidate.after_statement]
        if newer and self._rng.random() < 0.5:
            return self._filled(self._rng.choice(newer).template)
        return self._filled(self._rng.choice(candidates).template)

    def _filled(self, template: str) -> str:
        """The template with its choices made, the innermost first."""
        slots = PHRASES["slots"]
        while "{" in template:
            template = _CHOICE.sub(
                lambda match: self._rng.choice((slots.get(match[1]) or match[1]).split("|")), template
            )
        return template

    def _joined(self, sentences: list[str], sentiment: Sentiment) -> str:
        """Sentences to running text, with the loose punctuation of people in a hurry."""
        text = ""
        for sentence in sentences[:-1]:
            text += sentence + ("" if sentence[-1] in _ENDS_A_SENTENCE else self._rng.choice(_BETWEEN[sentiment]))
        last = sentences[-1]
        return text + last + ("" if last[-1] in _ENDS_A_SENTENCE else self._rng.choice(_AFTER[sentiment]))

    def _codes(self, platform: Platform, sentiment: Sentiment) -> str:
        """Emoji and [codes] as the platform's people use them; in half of the cases none."""
        if self._rng.random() < 0.5:
            return ""
        code = self._rng.choice(PHRASES["emoji"][platform][sentiment].split())
        return str(code) * self._rng.choice((1, 1, 1, 2, 3))
