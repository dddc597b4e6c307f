"""Takes out who wrote it before anything is landed."""

from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler

from scrapers.items import Author, Comment, Post
from scrapers.pseudonym import load_key, pseudonymise


class Pseudonymise:
    """The author's id becomes a keyed pseudonym, the name goes, and the payload is scrubbed of both."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(load_key(Path(crawler.settings["TINGFENG_DATA"])))

    def process_item(self, item: Any) -> Any:
        return pseudonymise(item, self._key) if isinstance(item, Post | Comment | Author) else item
