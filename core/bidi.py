"""Right-to-left text among left-to-right text.

A quoted post can hold bidi controls that turn the order of the characters after it around ("Trojan Source",
CVE-2021-42574). They are removed for display, and text that is written from right to left is isolated. Stored texts
keep them.
"""

import unicodedata

# Embeddings and overrides (LRE, RLE, PDF, LRO, RLO) and isolates (LRI, RLI, FSI, PDI).
_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_FIRST_STRONG_ISOLATE, _POP = "\u2068", "\u2069"
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


def without_bidi_controls(text: str) -> str:
    return text.translate(_CONTROLS)


def isolated(text: str) -> str:
    """Quoted text for plain output, such as a terminal: without controls, and isolated if it has right-to-left
    characters."""
    clean = without_bidi_controls(text)
    if any(unicodedata.bidirectional(character) in _RIGHT_TO_LEFT for character in clean):
        return f"{_FIRST_STRONG_ISOLATE}{clean}{_POP}"
    return clean
