"""What the environment says: values that cannot be meant are errors which name the variable and the remedy."""

import pytest

from core import environment
from core.environment import EnvironmentProblem
from core.platforms import CRAWLED_PLATFORMS
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
        assert ", ".join(CRAWLED_PLATFORMS) in str(raised.value)

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


@pytest.fixture
def a_browser(monkeypatch, tmp_path):
    """An executable that is named as the browser, and a display to open it on."""
    executable = tmp_path / "chromium"
    executable.touch(mode=0o755)
    monkeypatch.setenv("TINGFENG_CHROMIUM", str(executable))
    monkeypatch.setenv("DISPLAY", ":0")
    return executable


class TestBrowser:
    def test_platforms(self, monkeypatch):
        assert environment.browser_platforms() == set()
        monkeypatch.setenv("TINGFENG_BROWSER", " zhihu, douyin,")
        assert environment.browser_platforms() == {"douyin", "zhihu"}
        live(monkeypatch)  # all that sign, whatever is named
        assert environment.browser_platforms() == {"douyin", "xiaohongshu", "zhihu"}

    @pytest.mark.parametrize("named", ["weibo", "all", "douyin zhihu"])
    def test_platforms_that_have_no_pages_are_an_error(self, monkeypatch, named):
        monkeypatch.setenv("TINGFENG_BROWSER", named)
        with pytest.raises(EnvironmentProblem, match=f"TINGFENG_BROWSER names {named}; .* douyin, xiaohongshu, zhihu"):
            environment.browser_platforms()

    def test_the_sandbox_never_sees_the_operators_profiles(self, monkeypatch, tmp_path):
        monkeypatch.setenv("TINGFENG_BROWSER_PROFILE", str(tmp_path / "mine"))
        monkeypatch.setenv("TINGFENG_DATA", str(tmp_path / "data"))
        assert environment.browser_profiles() == tmp_path / "data" / "browser"
        live(monkeypatch)
        assert environment.browser_profiles() == tmp_path / "mine"

    def test_the_executable(self, monkeypatch, a_browser):
        assert environment.chromium() == str(a_browser)
        a_browser.chmod(0o600)
        with pytest.raises(EnvironmentProblem, match=r"TINGFENG_CHROMIUM is .* cannot be run"):
            environment.chromium()
        monkeypatch.delenv("TINGFENG_CHROMIUM")
        monkeypatch.setenv("PATH", str(a_browser.parent))
        with pytest.raises(EnvironmentProblem, match=r"no chromium on the PATH. .* or set TINGFENG_CHROMIUM"):
            environment.chromium()

    def test_is_wanted_of_the_sandbox_before_anything_starts(self, monkeypatch):
        monkeypatch.setenv("TINGFENG_BROWSER", "zhihu")
        monkeypatch.setenv("TINGFENG_CHROMIUM", "/nowhere/chromium")
        with pytest.raises(EnvironmentProblem, match="TINGFENG_CHROMIUM"):
            require_access(["weibo", "zhihu"])

    def test_live_collection_wants_a_login(self, monkeypatch, tmp_path, a_browser):
        live(monkeypatch, TERMS_ACCEPTED="zhihu")
        with pytest.raises(EnvironmentProblem, match="TINGFENG_BROWSER_PROFILE is not set"):
            require_access(["zhihu"])
        monkeypatch.setenv("TINGFENG_BROWSER_PROFILE", str(tmp_path / "profiles"))
        with pytest.raises(EnvironmentProblem, match="make login PLATFORM=zhihu"):
            require_access(["zhihu"])
        assert login_command("zhihu")[1] == f"--user-data-dir={tmp_path / 'profiles' / 'zhihu'}"
        require_access(["zhihu"])  # the login has made the profile

    def test_live_collection_opens_a_window(self, monkeypatch, tmp_path, a_browser):
        live(monkeypatch, TERMS_ACCEPTED="zhihu", BROWSER_PROFILE=str(tmp_path))
        (tmp_path / "zhihu").mkdir()
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            monkeypatch.delenv(name, raising=False)
        with pytest.raises(EnvironmentProblem, match="xvfb-run"):
            require_access(["zhihu"])

    def test_the_terms_come_first(self, monkeypatch):
        live(monkeypatch)
        with pytest.raises(EnvironmentProblem, match="TINGFENG_TERMS_ACCEPTED"):
            require_access(["douyin"])
