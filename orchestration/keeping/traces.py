"""Traces of a person or post in files that are not tables: ids, addresses and words, found and blanked."""

import json
import re
import zipfile
from collections.abc import Callable, Sequence, Set
from pathlib import Path

import markupsafe
import polars as pl

from core.storage.pseudonym_key import pseudonym
from core.storage.tombstones import SHORTEST_WORDS
from orchestration.keeping.subject import Subject

REMOVED = "〔已应要求删除 deleted on request〕"
_LONGEST_MEMBER = 500_000_000  # bytes; importers refuse workbooks that unpack to more
_TOKEN = re.compile(r"[0-9A-Za-z_-]{4,64}")


class Traces:
    """Finds a subject in text. Ids count only where they are not part of a longer number or word."""

    def __init__(self, subject: Subject, key: bytes) -> None:
        self.subject, self._key = subject, key
        ids = {*subject.authors, *subject.site_ids, *subject.posts, *subject.comments}
        words = {text for text in subject.texts if len(text) >= SHORTEST_WORDS} | subject.urls
        # As the text stands in plain files, in JSON with and without escapes, and in HTML.
        words |= {form for text in words for form in (*_in_json(text), str(markupsafe.escape(text)))}
        # Reports show an account that is not listed by the beginning of its pseudonym (event_voices.display_name).
        words |= {f"{subject.platform}:{author[:6]}" for author in subject.authors}
        self._words = words
        self._candidates = sorted(ids | words)

    def are_in(self, text: str) -> bool:
        """True if the text names the subject."""
        return self.in_texts([text])[0]

    def in_texts(self, texts: Sequence[str]) -> list[bool]:
        """As are_in for each text."""
        return [pattern is not None for pattern in self._patterns(texts)]

    def blanked(self, text: str, blank: Callable[[str], str] = lambda trace: REMOVED) -> str:
        """The text with ``blank`` of each trace in its place."""
        return self.blanked_all([text], blank)[0] or ""

    def blanked_all(self, texts: Sequence[str | None], blank: Callable[[str], str]) -> list[str | None]:
        """As blanked for each text; a text that is None stays."""
        patterns = self._patterns([text or "" for text in texts])
        return [
            pattern.sub(lambda trace: blank(trace[0]), text) if pattern and text else text
            for text, pattern in zip(texts, patterns, strict=True)
        ]

    def blanked_bytes(self, content: bytes) -> bytes:
        """The content of a file with crosses in place of each trace: its length stays the same."""
        [pattern] = self._patterns([content.decode(errors="replace")])
        if pattern is None:
            return content
        return re.sub(pattern.pattern.encode(), lambda trace: b"x" * len(trace[0]), content)

    def _patterns(self, texts: Sequence[str]) -> list[re.Pattern[str] | None]:
        """For each text, a pattern of the traces in it, None without any.

        All ids and words are looked for at once. A pattern of thousands would take minutes, so each has only those that
        its text contains.
        """
        if not self._candidates or not texts:
            return [None] * len(texts)
        series = pl.Series(texts, dtype=pl.String)
        patterns: list[re.Pattern[str] | None] = [None] * len(texts)
        places = series.str.contains_any(self._candidates).arg_true()
        present = series.gather(places).str.extract_many(self._candidates, overlapping=True)
        for place, candidates in zip(places, present, strict=True):
            pattern = self._pattern_of(set(candidates))
            if pattern.search(texts[place]):
                patterns[place] = pattern
        return patterns

    def _pattern_of(self, candidates: Set[str]) -> re.Pattern[str]:
        """Longest first, since a text may begin with another one. Ids not as a part of a longer number or word."""
        words, ids = candidates & self._words, candidates - self._words
        alternatives = [re.escape(one) for one in sorted(words, key=len, reverse=True)]
        if ids:
            any_id = "|".join(re.escape(one) for one in sorted(ids, key=len, reverse=True))
            alternatives.append(rf"(?<![0-9A-Za-z])(?:{any_id})(?![0-9A-Za-z])")
        return re.compile("|".join(alternatives))

    def are_in_original(self, text: str) -> bool:
        """True if a file as a site or vendor wrote it names the subject: its ids of authors are those of the site."""
        if self.are_in(text):
            return True
        authors, platform = self.subject.authors, self.subject.platform
        return any(pseudonym(self._key, platform, token) in authors for token in set(_TOKEN.findall(text)))


def text_of(path: Path) -> str:
    """The content of a file; of a workbook or another zip that of its members. What is not UTF-8 is replaced."""
    if not zipfile.is_zipfile(path):
        return path.read_bytes().decode(errors="replace")
    with zipfile.ZipFile(path) as archive:
        members = (archive.open(name) for name in archive.namelist())
        return "\n".join(member.read(_LONGEST_MEMBER).decode(errors="replace") for member in members)


def _in_json(text: str) -> tuple[str, str, str]:
    """The text in JSON as it is, with escapes, and in JSON within JSON, as Dagster's events have it."""
    escaped = json.dumps(text)[1:-1]
    return json.dumps(text, ensure_ascii=False)[1:-1], escaped, json.dumps(escaped)[1:-1]
