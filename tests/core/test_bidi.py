"""Bidi controls and right-to-left text in what is displayed."""

import pytest

from core.bidi import isolated, without_bidi_controls

CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("control", CONTROLS)
def test_controls_are_not_displayed(control: str) -> None:
    assert without_bidi_controls(f"小米{control}cba") == "小米cba"
    assert isolated(f"小米{control}cba") == "小米cba"


def test_right_to_left_text_is_isolated_and_cannot_end_its_isolation() -> None:
    assert isolated("شاومي\u2069 12") == "\u2068شاومي 12\u2069"


@pytest.mark.parametrize("text", ["", "小米 SU7 12%", "👨\u200d👩\u200d👧"])
def test_other_text_is_unchanged(text: str) -> None:
    assert isolated(text) == text
