"""The platforms' facts are consistent with each other and with the seed dim_platforms."""

import csv
import re

import pytest

from core.platforms import CRAWLED_PLATFORMS, FACTS, HOT_LIST_PLATFORMS, PLATFORM_NAMES, PLATFORMS, Platform
from core.storage.paths import DBT_PROJECT_DIR, PROJECT_DIR

SEED = DBT_PROJECT_DIR / "seeds" / "marts" / "dim_platforms.csv"


def test_every_platform_has_facts() -> None:
    assert tuple(FACTS) == PLATFORMS


def test_the_seed_equals_the_facts() -> None:
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [
        {
            "platform": name,
            "name_zh": facts.name_zh,
            "name_en": facts.name_en,
            "shows_shares": str("share" in facts.counts).lower(),
            "shows_collects": str("collect" in facts.counts).lower(),
            "collects_are_interactions": str("collect" in facts.interactions).lower(),
        }
        for name, facts in FACTS.items()
    ]


def test_each_name_belongs_to_one_platform() -> None:
    names = [alias for name, facts in FACTS.items() for alias in {name, facts.name_zh, facts.name_en, *facts.aliases}]
    assert len(names) == len(set(names))
    assert PLATFORM_NAMES["B站"] == PLATFORM_NAMES["哔哩哔哩"] == PLATFORM_NAMES["Bilibili"] == "bilibili"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_interactions_are_shown_counts_and_the_id_is_found_in_every_address(platform: Platform) -> None:
    facts = FACTS[platform]
    assert facts.interactions <= facts.counts.keys()
    for template in (facts.post_address, *facts.type_addresses.values()):
        post_id = "a" * 24 if platform == "xiaohongshu" else "123456789"
        match = re.search(facts.id_in_address, template.replace("{post_id}", post_id))
        assert match is not None
        assert match[1] == post_id


def test_a_platform_without_a_spider_has_no_facts_about_crawling() -> None:
    for name in PLATFORMS:
        if name not in CRAWLED_PLATFORMS:
            facts = FACTS[name]
            assert not facts.signs_requests
            assert facts.login_page is None
            assert name not in HOT_LIST_PLATFORMS


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_hosts_are_those_of_its_addresses_spider_and_pages(platform: Platform) -> None:
    facts = FACTS[platform]
    text = "\n".join([facts.post_address, *facts.type_addresses.values(), facts.login_page or ""])
    for path in (PROJECT_DIR / "scrapers").glob(f"*/{platform}.py"):
        text += path.read_text(encoding="utf-8")
    assert set(re.findall(r"https://([a-z.]+)", text)) == set(facts.hosts)
