"""Takes out who wrote it before anything is landed."""

import dataclasses
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler

from scrapers.items import Author, Comment, Post, Reject
from scrapers.pseudonym import load_key, pseudonymise, scrub


class Pseudonymise:
    """The author's id becomes a keyed pseudonym, the name goes, the payload, and a reject's record, are scrubbed."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_key(Path(crawler.settings["TINGFENG_DATA"])))

    def process_item(self, item: Any) -> Any:
        match item:
            case Post() | Comment() | Author():
                return pseudonymise(item, self._key)
            case Reject(platform=str() as platform):
                return dataclasses.replace(item, record=scrub(item.record, platform, self._key))
            case _:
                return item
