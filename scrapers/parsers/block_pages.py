"""Classifies an HTML page that a site sent in place of a JSON response: a captcha or a login page."""

from core.contracts.raw import SliceState

# The marks that public crawlers use. 验证码 alone is not one: a login form for phones asks for such a code, too.
_CAPTCHA_MARKS = ("captcha", "verifycenter", "验证码中间页", "安全验证")
_LOGIN_MARKS = ("扫码登录", "手机号登录", "登录后")


def block_page_state(body: bytes) -> tuple[SliceState, str]:
    """The state and the reason. A page without any mark counts as a captcha: it is a refusal in any case."""
    words = body.decode("utf-8", "replace")
    if any(mark in words for mark in _LOGIN_MARKS) and not any(mark in words for mark in _CAPTCHA_MARKS):
        return "logged_out", "an HTML page that asks for a login"
    return "blocked", "an HTML page, as the site sends it for a captcha"
