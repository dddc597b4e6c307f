"""What the environment says: values that cannot be meant are errors which name the variable and the remedy."""

import pytest

from orchestration.crawl import require_access
from scrapers import environment
from scrapers.environment import EnvironmentProblem
from scrapers.items import PLATFORMS


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("SOURCE", "TERMS_ACCEPTED", "DAILY_REQUESTS", "USER_AGENT", "SANDBOX_URL"):
        monkeypatch.delenv(f"TINGFENG_{name}", raising=False)
    for variable in environment.COOKIE_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def live(monkeypatch, **values):
    monkeypatch.setenv("TINGFENG_SOURCE", "live")
    for name, value in values.items():
        monkeypatch.setenv(f"TINGFENG_{name}", value)


class TestTerms:
    @pytest.mark.parametrize("accepted", ["", " ", "douyin", "douyin,zhihu"])
    def test_a_platform_that_is_not_named_is_not_collected(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        with pytest.raises(EnvironmentProblem) as raised:
            environment.require_live_access("weibo")
        words = str(raised.value)
        assert all(part in words for part in ("read the terms", "account of your own", "the law"))
        # The remedy keeps what was accepted before.
        named = words.partition("set TINGFENG_TERMS_ACCEPTED=")[2].rstrip(".").split(",")
        assert set(named) == {"weibo"} | ({*accepted.split(",")} - {"", " "})

    @pytest.mark.parametrize("accepted", ["weibo", " zhihu , weibo ,", "weibo,weibo"])
    def test_one_that_is_named_is(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        require_access(["weibo"])

    @pytest.mark.parametrize("accepted", ["wiebo", "weibo zhihu", "weibo，zhihu", "all", "Weibo"])
    def test_an_unknown_name_is_an_error(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        with pytest.raises(EnvironmentProblem) as raised:
            require_access(["weibo"])
        assert accepted in str(raised.value)
        assert ", ".join(PLATFORMS) in str(raised.value)

    def test_the_cookie_is_wanted_as_well(self, monkeypatch):
        live(monkeypatch, TERMS_ACCEPTED="weibo")
        with pytest.raises(EnvironmentProblem, match="TINGFENG_WEIBO_COOKIE"):
            require_access(["weibo"])


class TestDailyRequests:
    def test_without_a_value(self, monkeypatch):
        assert environment.daily_requests() is None
        live(monkeypatch)
        assert environment.daily_requests() == 2000

    @pytest.mark.parametrize("source", ["sandbox", "live"])
    def test_a_value_counts_everywhere(self, monkeypatch, source):
        monkeypatch.setenv("TINGFENG_SOURCE", source)
        monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", " 300 ")
        assert environment.daily_requests() == 300

    @pytest.mark.parametrize("value", ["0", "-5", "many", "1.5", "2,000", "1e3", "２０"])
    def test_what_is_no_whole_number_is_told_before_anything_starts(self, monkeypatch, value):
        monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", value)
        with pytest.raises(EnvironmentProblem, match="TINGFENG_DAILY_REQUESTS"):
            environment.daily_requests()
        with pytest.raises(EnvironmentProblem, match="TINGFENG_DAILY_REQUESTS"):
            require_access(["weibo"])


def test_the_user_agent_is_the_operators_browsers_else_our_own_name(monkeypatch):
    assert environment.user_agent() == "Tingfeng/0.1 (social listening; runs with the operator's own account)"
    monkeypatch.setenv("TINGFENG_USER_AGENT", " Mozilla/5.0 (X11; Linux x86_64) ")
    assert environment.user_agent() == "Mozilla/5.0 (X11; Linux x86_64)"
