"""What a page in HTML is that came in the place of an answer: a captcha, or a demand to log in."""

from core.contracts.raw import SliceState

# As public crawlers look for them; a form to log in by phone speaks of a 验证码, too.
_CAPTCHA_MARKS = ("captcha", "verifycenter", "验证码中间页", "安全验证")
_LOGIN_MARKS = ("扫码登录", "手机号登录", "登录后")


def wall_state(body: bytes) -> tuple[SliceState, str]:
    """The state and the reason. What says nothing is taken for a captcha: a refusal, at any rate."""
    words = body.decode("utf-8", "replace")
    if any(mark in words for mark in _LOGIN_MARKS) and not any(mark in words for mark in _CAPTCHA_MARKS):
        return "logged_out", "a page in HTML that wants a login"
    return "blocked", "a page in HTML, as the site shows it for a captcha"
