"""Classifies an HTML page that a site returned instead of a JSON response: a captcha or a login page."""

from scrapers.parsers.records import NoData

# The marks that public crawlers look for. 验证码 alone is not one: a login form by phone asks for such a code, too.
_CAPTCHA_MARKS = ("captcha", "verifycenter", "验证码中间页", "安全验证")
_LOGIN_MARKS = ("扫码登录", "手机号登录", "登录后")


def block_page_state(body: bytes) -> NoData:
    """logged_out for a login page, else blocked: a page without any mark is a refusal as well."""
    text = body.decode("utf-8", "replace")
    if any(mark in text for mark in _LOGIN_MARKS) and not any(mark in text for mark in _CAPTCHA_MARKS):
        return NoData("logged_out", "an HTML page that asks for a login")
    return NoData("blocked", "an HTML page instead of data, probably a captcha")
