"""The signature that page.js computes: HMAC-SHA256 with the session's key."""

import hashlib
import hmac

from sandbox.signatures import is_signed, new_session


def test_a_signature_is_valid_for_one_url_body_session_and_time() -> None:
    keys: dict[str, bytes] = {}
    session, hidden = new_session(keys)
    key = bytes(code ^ (7 * place + 13) for place, code in enumerate(hidden))
    signed = hmac.new(key, b"1767400000000|/api?x=1|{}", hashlib.sha256).hexdigest()
    signature = f"{session}.1767400000000.{signed}"
    assert is_signed(keys, signature, "/api?x=1", b"{}", now=1767400100)
    assert not is_signed(keys, signature, "/api?x=2", b"{}", now=1767400100)
    assert not is_signed(keys, signature, "/api?x=1", b"", now=1767400100)
    assert not is_signed(keys, signature, "/api?x=1", b"{}", now=1767400301)
    assert not is_signed({}, signature, "/api?x=1", b"{}", now=1767400100)
    for malformed in ("", "..", session, f"{session}.x.{signed}"):
        assert not is_signed(keys, malformed, "/api?x=1", b"{}", now=1767400100)
