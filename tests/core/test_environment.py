"""Environment variables: an invalid value raises a Problem that names the variable and the remedy."""

import pytest

from core import environment
from core.platforms import CRAWLED_PLATFORMS
from core.problems import Problem
from orchestration.lib.crawl import require_access
from scrapers.login import login_command


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    for name in ("SOURCE", "TERMS_ACCEPTED", "DAILY_REQUESTS", "USER_AGENT", "SANDBOX_URL", "BROWSER", "CHROMIUM"):
        monkeypatch.delenv(f"TINGFENG_{name}", raising=False)
    monkeypatch.delenv("TINGFENG_BROWSER_PROFILE", raising=False)
    for variable in environment.COOKIE_VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)


def live(monkeypatch, **values):
    monkeypatch.setenv("TINGFENG_SOURCE", "live")
    for name, value in values.items():
        monkeypatch.setenv(f"TINGFENG_{name}", value)


class TestTerms:
    @pytest.mark.parametrize("accepted", ["", " ", "douyin", "douyin,zhihu"])
    def test_a_platform_whose_terms_are_not_accepted_is_not_collected(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        with pytest.raises(Problem) as raised:
            environment.require_live_access("weibo")
        message = str(raised.value)
        assert all(part in message for part in ("read the terms", "account of your own", "the law"))
        # The remedy keeps the platforms that were accepted before.
        named = message.partition("set TINGFENG_TERMS_ACCEPTED=")[2].rstrip(".").split(",")
        assert set(named) == {"weibo"} | ({*accepted.split(",")} - {"", " "})

    @pytest.mark.parametrize("accepted", ["weibo", " zhihu , weibo ,", "weibo,weibo"])
    def test_a_platform_whose_terms_are_accepted_is_collected(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        require_access(["weibo"])

    @pytest.mark.parametrize("accepted", ["wiebo", "weibo zhihu", "weibo，zhihu", "all", "Weibo"])
    def test_an_unknown_name_is_an_error(self, monkeypatch, accepted):
        live(monkeypatch, TERMS_ACCEPTED=accepted, WEIBO_COOKIE="SUB=1")
        with pytest.raises(Problem) as raised:
            require_access(["weibo"])
        assert accepted in str(raised.value)
        assert ", ".join(CRAWLED_PLATFORMS) in str(raised.value)

    def test_the_cookie_is_required_as_well(self, monkeypatch):
        live(monkeypatch, TERMS_ACCEPTED="weibo")
        with pytest.raises(Problem, match="TINGFENG_WEIBO_COOKIE"):
            require_access(["weibo"])


class TestDailyRequests:
    def test_the_default_is_no_limit_for_the_sandbox_and_2000_live(self, monkeypatch):
        assert environment.daily_requests() is None
        live(monkeypatch)
        assert environment.daily_requests() == 2000

    @pytest.mark.parametrize("source", ["sandbox", "live"])
    def test_a_value_applies_to_both_sources(self, monkeypatch, source):
        monkeypatch.setenv("TINGFENG_SOURCE", source)
        monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", " 300 ")
        assert environment.daily_requests() == 300

    @pytest.mark.parametrize("value", ["0", "-5", "many", "1.5", "2,000", "1e3", "２０"])
    def test_an_invalid_number_is_an_error_before_anything_starts(self, monkeypatch, value):
        monkeypatch.setenv("TINGFENG_DAILY_REQUESTS", value)
        with pytest.raises(Problem, match="TINGFENG_DAILY_REQUESTS"):
            environment.daily_requests()
        with pytest.raises(Problem, match="TINGFENG_DAILY_REQUESTS"):
            require_access(["weibo"])


def test_the_user_agent_is_our_own_name_by_default(monkeypatch):
    assert environment.user_agent() == "Tingfeng/0.1 (social listening; runs with the operator's own account)"
    monkeypatch.setenv("TINGFENG_USER_AGENT", " Mozilla/5.0 (X11; Linux x86_64) ")
    assert environment.user_agent() == "Mozilla/5.0 (X11; Linux x86_64)"


@pytest.fixture
def a_browser(monkeypatch, tmp_path):
    """The path of an executable, set as the browser, with a display."""
    executable = tmp_path / "chromium"
    executable.touch(mode=0o755)
    monkeypatch.setenv("TINGFENG_CHROMIUM", str(executable))
    monkeypatch.setenv("DISPLAY", ":0")
    return executable


class TestBrowser:
    def test_live_collection_uses_the_browser_for_all_platforms_that_sign(self, monkeypatch):
        assert environment.browser_platforms() == set()
        monkeypatch.setenv("TINGFENG_BROWSER", " zhihu, douyin,")
        assert environment.browser_platforms() == {"douyin", "zhihu"}
        live(monkeypatch)  # all that sign, whatever the value of TINGFENG_BROWSER
        assert environment.browser_platforms() == {"douyin", "xiaohongshu", "zhihu"}

    @pytest.mark.parametrize("named", ["weibo", "all", "douyin zhihu"])
    def test_a_platform_that_does_not_sign_is_an_error(self, monkeypatch, named):
        monkeypatch.setenv("TINGFENG_BROWSER", named)
        with pytest.raises(Problem, match=f"TINGFENG_BROWSER names {named}; .* douyin, xiaohongshu, zhihu"):
            environment.browser_platforms()

    def test_the_sandbox_never_sees_the_operators_profiles(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TINGFENG_BROWSER_PROFILE", str(tmp_path / "mine"))
        monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
        assert environment.browser_profiles() == tmp_path / "data" / "browser"
        live(monkeypatch)
        assert environment.browser_profiles() == tmp_path / "mine"

    def test_the_executable_is_the_setting_or_chromium_on_the_path(self, monkeypatch, a_browser):
        assert environment.chromium() == str(a_browser)
        a_browser.chmod(0o600)
        with pytest.raises(Problem, match=r"TINGFENG_CHROMIUM is .* cannot be run"):
            environment.chromium()
        monkeypatch.delenv("TINGFENG_CHROMIUM")
        monkeypatch.setenv("PATH", str(a_browser.parent))
        with pytest.raises(Problem, match=r"no chromium on the PATH. .* or set TINGFENG_CHROMIUM"):
            environment.chromium()

    def test_a_missing_browser_is_an_error_before_anything_starts(self, monkeypatch):
        monkeypatch.setenv("TINGFENG_BROWSER", "zhihu")
        monkeypatch.setenv("TINGFENG_CHROMIUM", "/nowhere/chromium")
        with pytest.raises(Problem, match="TINGFENG_CHROMIUM"):
            require_access(["weibo", "zhihu"])

    def test_live_collection_requires_a_login(self, monkeypatch, tmp_path, a_browser):
        live(monkeypatch, TERMS_ACCEPTED="zhihu")
        with pytest.raises(Problem, match="TINGFENG_BROWSER_PROFILE is not set"):
            require_access(["zhihu"])
        monkeypatch.setenv("TINGFENG_BROWSER_PROFILE", str(tmp_path / "profiles"))
        with pytest.raises(Problem, match="tingfeng login zhihu"):
            require_access(["zhihu"])
        assert login_command("zhihu")[1] == f"--user-data-dir={tmp_path / 'profiles' / 'zhihu'}"
        require_access(["zhihu"])  # login_command has created the profile

    def test_live_collection_requires_a_display(self, monkeypatch, tmp_path, a_browser):
        live(monkeypatch, TERMS_ACCEPTED="zhihu", BROWSER_PROFILE=str(tmp_path))
        (tmp_path / "zhihu").mkdir()
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(Problem, match="xvfb-run"):
            require_access(["zhihu"])

    def test_the_terms_are_checked_first(self, monkeypatch):
        live(monkeypatch)
        with pytest.raises(Problem, match="TINGFENG_TERMS_ACCEPTED"):
            require_access(["douyin"])
