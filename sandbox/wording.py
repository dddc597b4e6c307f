"""The text of synthetic posts: phrases of phrases.yaml, joined in each platform's style.

The names of the event (大熊, 米粉, 徐洁云, KOL) in a post are chosen first, and then only phrases without other names
are used: so event.yaml determines how often each name occurs, whatever phrases there are.
"""

import functools
import random
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.platforms import Platform
from core.vocabulary import Sentiment

BRAND = "小米"
NAMES = ("大熊", "米粉", "徐洁云", "KOL")
FOCUSES = (1, 2, 3, 4)
# Words that do not occur before the statement.
AFTER_STATEMENT = re.compile("致歉|道歉|终止|声明")

PHRASES: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("phrases.yaml").read_text(encoding="utf-8"))
WEIBO_SHORT = 140  # the number of characters that s.weibo.com shows of a longer post
_CHOICE = re.compile(r"\{([^{}]+)\}")
_ENDS_A_SENTENCE = "。！？…】"
# Punctuation between and after sentences, by frequency; neutral posts have no exclamation marks.
_BETWEEN: dict[Sentiment, str] = {"negative": "，，，。。！ ", "neutral": "，，，，。。 ", "positive": "，，，。！！"}
_AFTER: dict[Sentiment, tuple[str, ...]] = {
    "negative": ("。", "！", "", "。。。", "…"),
    "neutral": ("。", "", "", "…"),
    "positive": ("。", "！", "！", "~"),
}


@dataclass(frozen=True, slots=True)
class Phrase:
    """A template, in which {a|b} and {slot} are replaced by one of several words, never by a name."""

    template: str
    names: frozenset[str]
    after_statement: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """The subject of a post. Hashtags are without '#' and contain only names that are in ``names``."""

    sentiment: Sentiment
    names: frozenset[str]
    after_statement: bool
    focus: int | None = None
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The text of a post. It includes the hashtags, except on Zhihu, which has none."""

    title: str | None = None
    text: str
    hashtags: tuple[str, ...] = ()


def names_in(text: str) -> frozenset[str]:
    return frozenset(name for name in NAMES if name in text)


def phrase(template: str) -> Phrase:
    return Phrase(template, names_in(template), AFTER_STATEMENT.search(template) is not None)


@functools.cache
def phrases(*path: str | int) -> tuple[Phrase, ...]:
    """The phrases of a list in phrases.yaml, which has one per line. path: the keys that lead to the list."""
    block: Any = PHRASES
    for key in path:
        block = block[key]
    return tuple(phrase(line) for line in str(block).splitlines())


@functools.cache
def fitting(path: tuple[str | int, ...], names: frozenset[str], after_statement: bool, must: str) -> tuple[Phrase, ...]:
    """The phrases of a list that contain ``must`` and no other names, and fit the time."""
    return tuple(
        candidate
        for candidate in phrases(*path)
        if candidate.names <= names
        and must in candidate.template
        and (after_statement or not candidate.after_statement)
    )


class Writer:
    """Writes posts; the same seed produces the same posts."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def weibo(self, brief: Brief) -> Words:
        """A short post, at most 140 characters."""
        while True:
            sentences = self._sentences(brief)
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
        """The own text of a repost: a sentence or two."""
        return self._joined(self._sentences(brief), brief.sentiment) + self._codes("weibo", brief.sentiment)

    def douyin(self, brief: Brief) -> Words:
        """A caption with its hashtags."""
        sentences = self._sentences(brief)
        if self._rng.random() < 0.4:
            sentences.insert(0, self._phrase(("openings", brief.sentiment), brief))
        if self._rng.random() < 0.4:
            sentences.append(self._phrase(("emotions", brief.sentiment), brief))
        hashtags = tuple(tag.replace(" ", "") for tag in brief.hashtags)
        text = self._joined(sentences, brief.sentiment) + self._codes("douyin", brief.sentiment)
        return Words(text=" ".join((text, *(f"#{tag}" for tag in hashtags))), hashtags=hashtags)

    def xiaohongshu(self, brief: Brief) -> Words:
        """A title of at most 20 characters (one note in 20 has none) and a note with one sentence per line."""
        title = self._phrase(("titles", brief.sentiment), brief)
        thoughts = [
            self._phrase(("openings", brief.sentiment), brief),
            *self._sentences(brief),
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
        """A comment: a short reaction or, one time in three, a claim."""
        path: tuple[str | int, ...] = ("comments", brief.sentiment)
        if self._rng.random() < 1 / 3:
            path = ("claims", brief.sentiment, brief.focus or self._rng.choice(FOCUSES))
        return self._phrase(path, brief) + self._codes(platform, brief.sentiment)

    def lines(self, *path: str) -> list[str]:
        """All phrases of a list, whatever names they contain."""
        return [self._filled(candidate.template) for candidate in phrases(*path)]

    def line(self, *path: str) -> str:
        """A random phrase of a list, whatever names it contains."""
        return self._filled(self._rng.choice(phrases(*path)).template)

    def _sentences(self, brief: Brief) -> list[str]:
        """Sentences in random order that contain the brand and every name of the brief, and one about its focus."""
        sentences = []
        if brief.focus is not None:
            sentences.append(self._phrase(("claims", brief.sentiment, brief.focus), brief))
        for name in (*self._rng.sample(sorted(brief.names), len(brief.names)), BRAND):
            if not any(name in sentence for sentence in sentences):
                sentences.append(self._phrase(("mentions", brief.sentiment), brief, must=name))
        self._rng.shuffle(sentences)
        return sentences

    def _paragraphs(self, brief: Brief, length: int) -> list[str]:
        """Paragraphs of at least ``length`` characters, unless the phrases run out: the subject first, then
        reflections."""
        first = [self._phrase(("openings", brief.sentiment), brief), *self._sentences(brief)]
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
        """A phrase of a list that fits the brief; after the statement, half of the time one that refers to it."""
        candidates = fitting(path, brief.names, brief.after_statement, must)
        newer = [candidate for candidate in candidates if candidate.after_statement]
        if newer and self._rng.random() < 0.5:
            return self._filled(self._rng.choice(newer).template)
        return self._filled(self._rng.choice(candidates).template)

    def _filled(self, template: str) -> str:
        """The template with each choice replaced, the innermost first."""
        slots = PHRASES["slots"]
        while "{" in template:
            template = _CHOICE.sub(
                lambda match: self._rng.choice((slots.get(match[1]) or match[1]).split("|")), template
            )
        return template

    def _joined(self, sentences: list[str], sentiment: Sentiment) -> str:
        """Join sentences with the careless punctuation of people in a hurry."""
        text = ""
        for sentence in sentences[:-1]:
            text += sentence + ("" if sentence[-1] in _ENDS_A_SENTENCE else self._rng.choice(_BETWEEN[sentiment]))
        last = sentences[-1]
        return text + last + ("" if last[-1] in _ENDS_A_SENTENCE else self._rng.choice(_AFTER[sentiment]))

    def _codes(self, platform: Platform, sentiment: Sentiment) -> str:
        """Emoji or [codes] in the platform's style; none half of the time."""
        if self._rng.random() < 0.5:
            return ""
        code = self._rng.choice(PHRASES["emoji"][platform][sentiment].split())
        return str(code) * self._rng.choice((1, 1, 1, 2, 3))
