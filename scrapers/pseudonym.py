"""Who wrote it, made unrecognisable before anything is landed.

An author id becomes a keyed hash (HMAC-SHA256): the same person stays one author, and nobody without the key can
go back by hashing all ids, as one can with the unsalted hashes that other crawlers write.
"""

import dataclasses
import hashlib
import hmac
import json
import os
import re
import secrets
from pathlib import Path

from typing import TypeVar

from scrapers.items import Author, Comment, Platform, Post

Personal = TypeVar("Personal", Post, Comment, Author)

KEY_VARIABLE = "TINGFENG_PSEUDONYM_KEY"

# Keys that hold an id of a person wherever they stand in a payload; the value becomes the pseudonym, so that a payload
# that is parsed again still joins.
ID_KEYS: dict[Platform, frozenset[str]] = {
    "weibo": frozenset({"user_id", "uid", "评论人ID", "creator_hash"}),
    "douyin": frozenset(
        {"uid", "sec_uid", "short_id", "unique_id", "user_id", "short_user_id", "user_unique_id", "author_user_id",
         "owner_id", "owner_handle", "creator_hash"}
    ),
    "xiaohongshu": frozenset({"user_id", "userid", "userId", "red_id", "creator_hash"}),
    "zhihu": frozenset({"url_token", "user_id", "user_url_token", "member_hash_id", "creator_hash"}),
}  # fmt: skip
# Keys that hold a name, a picture, a page or a description of a person wherever they stand; emptied.
NAME_KEYS = frozenset({
    "nickname", "nick_name", "nick", "screen_name", "user_nickname", "owner_nickname", "用户昵称", "评论人昵称", "昵称",
    "authorName", "authorDetail", "authorAvatar", "authorAddress", "avatar", "user_avatar", "profile_url", "home_url",
    "user_link", "user_signature", "signature", "at_users", "at_user_list", "艾特用户", "@用户", "at_user",
})  # fmt: skip
# Under these keys stands a person. Of it only what PERSON_FACTS names is kept, and the id as the pseudonym.
PERSON_KEYS = frozenset({"user", "author", "user_info", "userInfo", "member", "target_user", "reply_to_author"})
PERSON_ID_KEYS = ("id", "idstr", "uid", "user_id", "userid", "userId")
PERSON_FACTS = frozenset({
    "followers_count", "follower_count", "fans", "verified", "verified_type", "verification_type", "gender", "is_org",
    "mbrank", "mbtype", "red_official_verified", "red_official_verify_type", "is_anonymous", "type",
})  # fmt: skip


def load_key(data_dir: Path) -> bytes:
    """The key from the environment, else one made at random and kept in the data folder, readable by its owner alone.

    Losing the key does not reveal anyone; it makes the same person two authors from then on.
    """
    if from_environment := os.environ.get(KEY_VARIABLE):
        return from_environment.encode()
    path = data_dir / "pseudonym.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_hex(32), encoding="ascii")
        try:
            os.link(draft, path)  # fails, and so keeps the first, when four crawls start at once
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_bytes().strip()


def pseudonym(key: bytes, platform: Platform, author_id: str) -> str:
    """20 hex digits (80 bits: a collision among a billion authors has odds of 1 in 2 million)."""
    return hmac.new(key, f"{platform}:{author_id}".encode(), hashlib.sha256).hexdigest()[:20]


def scrub(payload: str, platform: Platform, key: bytes) -> str:
    """The payload, JSON or HTML, without what tells who somebody is."""
    if payload.lstrip().startswith(("{", "[")):
        return json.dumps(_scrub_json(json.loads(payload), platform, key), ensure_ascii=False, separators=(",", ":"))
    return _scrub_html(payload, platform, key)


def _scrub_json(value: object, platform: Platform, key: bytes) -> object:
    if isinstance(value, list):
        return [_scrub_json(member, platform, key) for member in value]
    if not isinstance(value, dict):
        return value
    scrubbed: dict[str, object] = {}
    for name, member in value.items():
        if name in PERSON_KEYS:
            scrubbed[name] = _scrub_person(member, platform, key)
        elif name in NAME_KEYS:
            scrubbed[name] = ""
        elif name in ID_KEYS[platform]:
            scrubbed[name] = pseudonym(key, platform, str(member)) if member else member
        else:
            scrubbed[name] = _scrub_json(member, platform, key)
    return scrubbed


def _scrub_person(person: object, platform: Platform, key: bytes) -> object:
    if isinstance(person, list):
        return [_scrub_person(member, platform, key) for member in person]
    if not isinstance(person, dict):  # a bare name or id
        return pseudonym(key, platform, str(person)) if person else person
    kept = {name: member for name, member in person.items() if name in PERSON_FACTS}
    ids = {name: pseudonym(key, platform, str(person[name])) for name in PERSON_ID_KEYS if person.get(name)}
    return ids | kept


# Where the HTML of a search result names a person: attributes of its links and images, and the links' own words.
_HTML_NAME = re.compile(r"""(nick-name|alt|title)=(["'])(?!\[)[^"']*\2""")
_HTML_NAMED_LINK = re.compile(r"(<a\b[^>]*\bnick-name=[^>]*>)[^<]*")
_HTML_AVATAR = re.compile(r"""(<img\b[^>]*\bsrc=["'])[^"']*(["'][^>]*\busercard=)""")
_HTML_USER_ID = re.compile(r"(?:usercard=[\"']?id=|weibo\.com/(?:u/)?|[?&;]uid=)(\d{5,12})(?!\d)")


def _scrub_html(markup: str, platform: Platform, key: bytes) -> str:
    for author_id in set(_HTML_USER_ID.findall(markup)):
        markup = re.sub(rf"(?<!\d){author_id}(?!\d)", pseudonym(key, platform, author_id), markup)
    markup = _HTML_NAMED_LINK.sub(r"\1", markup)
    markup = _HTML_AVATAR.sub(r"\1\2", markup)
    return _HTML_NAME.sub(r"\1=\2\2", markup)


def pseudonymise(item: Personal, key: bytes) -> Personal:
    """The item without who wrote it: the id as a pseudonym, no name, a scrubbed payload."""
    return dataclasses.replace(
        item,
        author_id=pseudonym(key, item.platform, item.author_id) if item.author_id else item.author_id,
        author_name=None,
        payload=scrub(item.payload, item.platform, key),
    )
