"""Pseudonymises authors before anything is landed."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from scrapy.crawler import Crawler

from core.contracts.raw import Author, Comment, HotItem, Post, Reject
from core.storage.pseudonym_key import load_key
from scrapers.pseudonym import pseudonymise, scrub


class Pseudonymise:
    """Replaces author ids by keyed pseudonyms and removes the names of all but listed accounts.

    Payloads, those of hot lists included, and the records and addresses of rejects are scrubbed.
    """

    def __init__(self, key: bytes, names: Mapping[str, str]) -> None:
        self._key, self._names = key, names

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        names = crawler.spider.names  # type: ignore[union-attr]  # PlatformSpider has them; it adds more during the crawl
        return cls(load_key(Path(crawler.settings["TINGFENG_DATA"])), names)

    def process_item(self, item: Any) -> Any:
        match item:
            case Post() | Comment() | Author():
                return pseudonymise(item, self._key, self._names.get(item.author_id or ""))
            case HotItem():  # its payload may name the author of the question
                return dataclasses.replace(item, payload=scrub(item.payload, item.platform, self._key))
            case Reject(platform=str() as platform):
                # The source is the address of a request, which may be for an account.
                source = scrub(item.source, platform, self._key)
                return dataclasses.replace(item, record=scrub(item.record, platform, self._key), source=source)
            case _:
                return item
