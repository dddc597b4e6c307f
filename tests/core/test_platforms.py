"""The facts of the platforms agree with each other and with the seed dim_platforms."""

import csv
import re

import pytest

from core.platforms import CRAWLED_PLATFORMS, FACTS, HOT_LIST_PLATFORMS, PLATFORM_NAMES, PLATFORMS, Platform
from core.storage.paths import DBT_PROJECT_DIR

SEED = DBT_PROJECT_DIR / "seeds" / "marts" / "dim_platforms.csv"


def test_every_platform_has_facts() -> None:
    assert tuple(FACTS) == PLATFORMS


def test_the_seed_has_the_facts() -> None:
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


def test_a_name_means_one_platform() -> None:
    names = [alias for name, facts in FACTS.items() for alias in {name, facts.name_zh, facts.name_en, *facts.aliases}]
    assert len(names) == len(set(names))
    assert PLATFORM_NAMES["B站"] == PLATFORM_NAMES["哔哩哔哩"] == PLATFORM_NAMES["Bilibili"] == "bilibili"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_facts_fit_together(platform: Platform) -> None:
    facts = FACTS[platform]
    assert facts.interactions <= facts.counts.keys()
    for template in (facts.post_address, *facts.type_addresses.values()):
        post_id = "a" * 24 if platform == "xiaohongshu" else "123456789"
        found = re.search(facts.id_in_address, template.replace("{post_id}", post_id))
        assert found is not None
        assert found[1] == post_id


def test_what_is_not_crawled_has_no_facts_of_crawling() -> None:
    for name in PLATFORMS:
        if name not in CRAWLED_PLATFORMS:
            facts = FACTS[name]
            assert not facts.signs_requests
            assert facts.login_page is None
            assert name not in HOT_LIST_PLATFORMS
