"""The key of the pseudonyms: where it is kept, and the check that it is the one that raw was landed with.

    data/pseudonym.key         one key a line, the oldest first; several after 'tingfeng rotate-key'
    data/raw/key.fingerprint   the fingerprint of the keys that raw was landed with

TINGFENG_PSEUDONYM_KEY takes precedence over the file. The keys of all rotations are needed: raw ids are not kept, so
a rotation hashes the previous pseudonym with the new key, and a later landing has to do the same for each key in turn.
``load_key`` therefore returns all keys, separated by line breaks; ``pseudonym`` applies them in this order.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from core.platforms import Platform
from core.problems import Problem
from core.storage.files import write_text_synced

KEY_VARIABLE = "TINGFENG_PSEUDONYM_KEY"
# A shorter key can be guessed, and with it the id behind each pseudonym. 16 characters of base64 are 96 bits.
SHORTEST_KEY = 16
PSEUDONYM_LENGTH = 20
_LONGER = (
    "Set it to a longer secret, or unset it. If data was landed with this one, set it to this one, a line break and a "
    "longer one, and run 'tingfeng rotate-key'."
)
_FINGERPRINT = re.compile("[0-9a-f]{16}")


def load_key(data_dir: Path) -> bytes:
    """The keys from the environment, else from the data folder, where one is made if there is none.

    Raises Problem if a key is empty or too short, or if raw was landed with another one. Losing the key does not
    reveal anyone, but no later landing can give an author the same pseudonym.
    """
    keys = read_key(data_dir)
    record_first_fingerprint(data_dir, keys)
    known = landed_fingerprint(data_dir)
    if known != fingerprint(keys):
        if known is not None and has_landed(data_dir):
            raise Problem(_wrong_key(data_dir, keys, known))
        record_fingerprint(data_dir, keys)
    return keys


def read_key(data_dir: Path) -> bytes:
    """The keys without the comparison with raw. Raises Problem if a key is empty or too short."""
    from_environment = os.environ.get(KEY_VARIABLE)
    if from_environment is not None:
        return _checked(from_environment.encode(), KEY_VARIABLE, _LONGER)
    path = key_path(data_dir)
    if not path.exists():
        _make_key(data_dir, path)
    return _checked(path.read_bytes(), str(path), "Restore the file from a backup; delete it only if raw is empty.")


def key_path(data_dir: Path) -> Path:
    return data_dir / "pseudonym.key"


def fingerprint(keys: bytes) -> str:
    """16 hex digits that identify the keys and do not reveal them."""
    return hmac.new(keys, b"tingfeng key fingerprint", hashlib.sha256).hexdigest()[:16]


def landed_fingerprint(data_dir: Path) -> str | None:
    """The fingerprint of the keys that raw was landed with; None if it is not recorded yet. Raises Problem if it is
    damaged."""
    path = _fingerprint_path(data_dir)
    if not path.exists():
        return None
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not _FINGERPRINT.fullmatch(text) and has_landed(data_dir):
        raise Problem(
            f"{path} is damaged. Restore it from a backup; if you are sure that {key_path(data_dir)} or {KEY_VARIABLE} "
            "is the key that the data was landed with, delete key.fingerprint: it is written again."
        )
    return text


def has_landed(data_dir: Path) -> bool:
    return any((data_dir / "raw").glob("*/platform=*/day=*/*.parquet"))


def record_first_fingerprint(data_dir: Path, keys: bytes) -> None:
    """Record what data was landed with that has no fingerprint yet: releases before 0.3.0 knew one key, the first."""
    if landed_fingerprint(data_dir) is None and has_landed(data_dir):
        record_fingerprint(data_dir, keys.split(b"\n")[0])


def record_fingerprint(data_dir: Path, keys: bytes) -> None:
    write_text_synced(_fingerprint_path(data_dir), fingerprint(keys) + "\n")


def landed_keys(data_dir: Path, keys: bytes) -> int | None:
    """How many of the keys, counted from the oldest, raw was landed with; None if the fingerprint fits none of them."""
    known = landed_fingerprint(data_dir)
    parts = keys.split(b"\n")
    counts = range(1, len(parts) + 1)
    return next((count for count in counts if fingerprint(b"\n".join(parts[:count])) == known), None)


def pseudonym(key: bytes, platform: Platform, author_id: str) -> str:
    """20 hex digits (80 bits: a collision among a billion authors has odds of 1 in 2 million)."""
    for part in key.split(b"\n"):
        author_id = hmac.new(part, f"{platform}:{author_id}".encode(), hashlib.sha256).hexdigest()[:PSEUDONYM_LENGTH]
    return author_id


def _fingerprint_path(data_dir: Path) -> Path:
    return data_dir / "raw" / "key.fingerprint"


def _make_key(data_dir: Path, path: Path) -> None:
    if landed_fingerprint(data_dir) is not None and has_landed(data_dir):
        raise Problem(
            f"{path} is missing, and data was landed with it; restore it from a backup, or set {KEY_VARIABLE}. With a "
            f"new key every author would count twice; if you accept that, delete {_fingerprint_path(data_dir)}."
        )
    data_dir.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    write_text_synced(draft, secrets.token_hex(32), mode=0o600)
    try:
        os.link(draft, path)  # fails, and so keeps the first, when four crawls start at once
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _checked(text: bytes, place: str, remedy: str) -> bytes:
    """The keys without surrounding white space. Raises Problem if one is empty, or the newest, which protects all
    pseudonyms, is too short."""
    keys = [key.strip() for key in text.strip().split(b"\n")]
    length = 0 if b"" in keys else len(keys[-1])
    if length < SHORTEST_KEY:
        what = "is empty" if not length else f"has {length} characters"
        raise Problem(
            f"{place}: the key of the pseudonyms {what}; it needs at least {SHORTEST_KEY} characters. {remedy}"
        )
    return b"\n".join(keys)


def _wrong_key(data_dir: Path, keys: bytes, known: str) -> str:
    if landed_keys(data_dir, keys) is not None:
        return "A rotation of the pseudonyms' key is not complete; run 'tingfeng rotate-key', which completes it."
    return (
        f"The key of the pseudonyms has the fingerprint {fingerprint(keys)}, but data in {data_dir} was landed with "
        f"{known}: every author would count twice. Set {KEY_VARIABLE}, or restore {key_path(data_dir)}, to that key; "
        "'tingfeng rotate-key' changes the key of what has landed."
    )
