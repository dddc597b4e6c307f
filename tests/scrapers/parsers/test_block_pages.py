"""HTML that a site sends instead of JSON is a captcha or a login page."""

import pytest

from scrapers.parsers.block_pages import block_page_state


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("<html><body>扫码登录</body></html>", "logged_out"),
        ("<html><body><div id=captcha_container></div>登录后查看</body></html>", "blocked"),
        ("<html><title>验证码中间页</title></html>", "blocked"),
        ("<html></html>", "blocked"),
        ("<html>手机号登录 获取验证码</html>", "logged_out"),
    ],
)
def test_block_pages_are_classified(page: str, state: str) -> None:
    assert block_page_state(page.encode())[0] == state
