"""Pseudonymisation: replaces or removes everything that identifies a person before a record is landed.

An author id becomes a keyed hash (HMAC-SHA256): the same person stays one author, and nobody without the key can
go back by hashing all ids, as one can with the unsalted hashes that other crawlers write.

Payloads identify people not only in their author field but also in links, in the names that the site inserts into a
repost's tail, in tracking parameters and in picture ids. All of these are removed; what a parser reads of the post
itself stays. An @mention that the author wrote is part of the text and stays. What differs between platforms stands in
core.platforms.FACTS.
"""

import dataclasses
import html
import re
from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from core.contracts.raw import Author, Comment, Post
from core.platforms import FACTS, Platform, Removal
from core.storage.pseudonym_key import PSEUDONYM_LENGTH, pseudonym
from scrapers.parsers.bodies import dump_record, load_json
from scrapers.parsers.impersonal import NOT_KEPT, impersonal

Personal = TypeVar("Personal", bound=Post | Comment | Author)

# The values of these keys are a person or a list of persons.
PERSON_KEYS = frozenset({
    "user", "author", "authors", "user_info", "userInfo", "author_info", "member", "target_user", "reply_to_author",
    "basicInfo", "more_info_users",
    "following_upvoter", "following_collect", "high_level_creator", "republishers",
})  # fmt: skip
# Kept of a person: facts that many people share. Ids become pseudonyms; of a description only its presence is kept.
PERSON_FACTS = frozenset({
    "followers_count", "follower_count", "fans", "verified", "verified_type", "verification_type", "gender", "is_org",
    "mbrank", "mbtype", "red_official_verified", "red_official_verify_type", "is_anonymous", "type",
    "following_count", "aweme_count", "mplatform_followers_count", "ip_location", "ipLocation",
    "fans_count", "followers_count_str", "friends_count", "follow_count", "statuses_count", "mblog_count",
    "answer_count", "articles_count", "zvideo_count", "pins_count", "ip_info",
})  # fmt: skip
PERSON_ID_KEYS = frozenset({"id", "idstr", "uid", "sec_uid", "user_id", "userid", "userId"})
PERSON_MARKS = frozenset({"verified_reason", "custom_verify", "enterprise_verify_reason"})
PERSON_NAME_KEYS = frozenset({
    "name", "screen_name", "nickname", "nick_name", "nickName", "url_token", "unique_id", "short_id", "red_id",
})  # fmt: skip
BARE_NAME_KEYS = frozenset({"author_name", "owner_nickname", "user_name"})
NOBODY = frozenset({"", "0", "None"})  # all anonymous users (匿名用户) of a site share the id 0
# Keys with a person's name, picture, page or description, and opaque values that contain an id. They are emptied.
NAME_KEYS = frozenset({
    "nickname", "nick_name", "nickName", "nick", "screen_name", "user_nickname", "owner_nickname", "author_name",
    "user_name", "publish_username", "用户昵称", "评论人昵称", "昵称", "authorName", "authorDetail", "authorAvatar",
    "authorAddress", "avatar", "avatar_url", "user_avatar", "profile_url", "home_url", "user_link", "user_signature",
    "signature", "at_users", "at_user_list", "艾特用户", "@用户", "at_user", "share_info", "share_url",
    "authentication_token", "xsec_token", "attached_info", "attached_info_bytes", "endorsements", "reply_to_username",
})  # fmt: skip
# Texts and names of things. Persons' names are not replaced here, since a name may be an ordinary word as well.
WORDS_KEYS = frozenset({
    "text", "text_raw", "raw_text", "longTextContent", "content", "title", "name", "excerpt", "desc", "description",
    "display_title", "topic_title", "hashtag_name", "cha_name", "region_name", "ip_location", "ip_label", "ip_info",
    "reply_text", "reply_original_text", "created_at", "type", "正文", "微博正文", "content_text",
})  # fmt: skip

# The names that sites and apps insert into texts, the author does not write them: "//@name:", "回复@name:",
# "Reply to @name:", "转发了 name 的微博:", and titles of shared links: "【name的作品】", "name发布了一篇小红书笔记",
# "- name的回答 - 知乎". The patterns have no look-around, so that Python and polars both know them.
# Names of Weibo have no spaces; those with spaces go on in Latin letters.
_NAME = r"[^<>:：\s/@＠]{1,40}(?: [0-9A-Za-z_.-]{1,20}){0,3}"
INSERTED_NAMES = (
    (
        ("@", "＠"),
        re.compile(
            r"((?://|回[复覆復]|转发?自|RT|[Rr]eply(?:ing)?(?: to)?)\s*(?:<[a-z]+\b[^>]*>)?)"
            rf"[@＠]{_NAME}((?:</[a-z]+>)?\s*[:：])"
        ),
        r"\1@用户\2",
    ),
    (
        ("的微博",),
        re.compile(r"(转发了?\s*)[@＠]?[^<>:：\s/@＠]{1,40}?(\s?的微博[:：])"),
        r"\1@用户\2",
    ),
    (("作品】",), re.compile(r"【[^【】\n]{1,40}?(的(?:图文|视频)?作品】)"), r"【用户\1"),
    (("发布了一篇小红书笔记",), re.compile(r"[^\s，。！？【】]{1,40}?(发布了一篇小红书笔记)"), r"用户\1"),
    (("- 知乎",), re.compile(r"- [^\n-]{1,40}?(\s?的(?:回答|文章|想法|视频|专栏) - 知乎)"), r"- 用户\1"),
)
# A tag with attributes, also where it was escaped twice.
_TAG_WITH_ATTRIBUTES = re.compile(r"(<|&lt;)([A-Za-z][A-Za-z0-9]*)\s[^<>]*?=[^<>]*?(/?(?:>|&gt;))")
_ALT_OF_EMOJI = re.compile(r"""\salt=["']?(\[[^\]"'<>]*\])""")


def scrub(payload: str, platform: Platform, key: bytes) -> str:
    """The payload (JSON or HTML) without anything that identifies a person; a parser reads the same post from it.

    Of damaged JSON only the length is kept, because persons cannot be located in it.
    """
    if not payload.lstrip("\ufeff \t\r\n").startswith(("{", "[")):
        return _scrub_markup(payload, platform, key)
    record = load_json(payload.encode("utf-8", "replace"))
    if record is None:
        return f"{len(payload)} characters of damaged JSON, not kept, for they may name people"
    ids, names = _people_of(record, platform)
    text = dump_record(_Scrubbing(platform, key, ids, names).scrub(record))
    return _scrub_places(_with_pseudonyms(text, platform, key, ids), platform, key)


def _people_of(record: object, platform: Platform) -> tuple[set[str], set[str]]:
    """The ids and names of all persons in a JSON record, recognised by their keys."""
    ids: set[str] = set()
    names: set[str] = set()

    def look_at(value: Any, is_person: bool) -> None:
        if isinstance(value, list):
            for member in value:
                look_at(member, is_person)
        elif isinstance(value, dict):
            for name, member in value.items():
                if isinstance(member, str | int) and not isinstance(member, bool):
                    if name in FACTS[platform].person_id_keys or (is_person and name in PERSON_ID_KEYS):
                        ids.add(str(member))
                    if (is_person and name in PERSON_NAME_KEYS) or name in BARE_NAME_KEYS:
                        names.add(str(member))
                else:
                    look_at(member, name in PERSON_KEYS)

    look_at(record, is_person=False)
    # Shorter ones would match text that has nothing to do with a person.
    return {person for person in ids if len(person) >= 6}, {name for name in names if len(name) >= 2}


@dataclasses.dataclass(frozen=True, slots=True)
class _Scrubbing:
    """Scrubs one record: keys that hold persons, and the given ids and names wherever else they occur."""

    platform: Platform
    key: bytes
    ids: set[str]
    names: set[str]

    def scrub(self, value: object, name: str = "") -> object:
        if isinstance(value, dict):
            return {name: self._member(name, member) for name, member in value.items()}
        if isinstance(value, list):
            return [self.scrub(member, name) for member in value]
        if isinstance(value, int) and str(value) in self.ids:
            return self._pseudonym(value)
        if isinstance(value, str) and name not in WORDS_KEYS:
            for person in self.names:
                value = value.replace(person, "")
        return value

    def _member(self, name: str, member: object) -> object:
        if name in PERSON_KEYS:
            return self._person(member)
        if name in NAME_KEYS or name in FACTS[self.platform].name_keys:
            return ""
        if name in FACTS[self.platform].person_id_keys:
            return self._pseudonym(member)
        if name in FACTS[self.platform].device_keys:
            return impersonal(member)
        if name in PERSON_MARKS:  # of a person under another key, as in the buttons of a Weibo video
            return "…" if member else member
        return self.scrub(member, name)

    def _person(self, person: object) -> object:
        if isinstance(person, list):
            return [self._person(member) for member in person]
        if not isinstance(person, dict):  # a bare name or id
            return self._pseudonym(person)
        ids = {name: self._pseudonym(member) for name, member in person.items() if name in PERSON_ID_KEYS}
        facts = {name: impersonal(member) for name, member in person.items() if name in PERSON_FACTS}
        marks = {name: "…" for name, member in person.items() if name in PERSON_MARKS and member}
        badges = person.get("badge")
        if isinstance(badges, list):
            facts["badge"] = [{"type": badge.get("type")} for badge in badges if isinstance(badge, dict)]
        return ids | facts | marks

    def _pseudonym(self, person: object) -> object:
        if person is None or str(person) in NOBODY or isinstance(person, dict | list):
            return None if isinstance(person, dict | list) else person
        return pseudonym(self.key, self.platform, str(person))


def _with_pseudonyms(text: str, platform: Platform, key: bytes, ids: set[str]) -> str:
    for person in sorted(ids):
        if person in text:
            text = _replaced(text, person, pseudonym(key, platform, person))
    return text


def _scrub_places(text: str, platform: Platform, key: bytes) -> str:
    """The text without persons in addresses, tracking parameters, picture ids and repost tails."""
    facts = FACTS[platform]
    if facts.person_id_places is not None:
        text = facts.person_id_places.sub(
            lambda match: match[0].removesuffix(match["id"]) + _renamed(match["id"], platform, key), text
        )
    return without_people(_remove(text, facts.removals), key)


_PSEUDONYM = re.compile(rf"[0-9a-f]{{{PSEUDONYM_LENGTH}}}")


def _renamed(person: str, platform: Platform, key: bytes) -> str:
    """The person's pseudonym; a pseudonym stays as it is."""
    return person if _PSEUDONYM.fullmatch(person) else pseudonym(key, platform, person)


def without_people(text: str, key: bytes) -> str:
    """The text without names that sites insert and persons in addresses, of any platform."""
    for platform, facts in FACTS.items():
        if any(sign in text for sign in facts.person_signs):
            text = facts.person_pages.sub(partial(_without_person, platform=platform, key=key), text)
    return _without_inserted_names(text)


def without_ids_in_addresses(text: str) -> str:
    """The text with NOT_KEPT in place of persons in addresses of any platform: for logs, which have no key."""
    for facts in FACTS.values():
        if any(sign in text for sign in facts.person_signs):
            text = facts.person_pages.sub(
                lambda match: match[0].removesuffix(match[match.lastgroup or 0]) + NOT_KEPT, text
            )
        if facts.person_id_places is not None:
            text = facts.person_id_places.sub(lambda match: match[0].removesuffix(match["id"]) + NOT_KEPT, text)
    return text


def _without_person(match: re.Match[str], platform: Platform, key: bytes) -> str:
    """The address that ``person_pages`` matched, with a pseudonym in place of an id, and without a name."""
    group = match.lastgroup or ""
    person, before = match[group], match[0].removesuffix(match[group])
    if group.startswith("id") or _PSEUDONYM.fullmatch(person):
        return before + _renamed(person, platform, key)
    return before


def _remove(text: str, removals: Iterable[Removal]) -> str:
    for removal in removals:
        if any(sign in text for sign in removal.signs):
            text = removal.pattern.sub(removal.replacement, text)
    return text


def _without_inserted_names(text: str) -> str:
    for signs, pattern, replacement in INSERTED_NAMES:
        if any(sign in text for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def without_attributes(markup: str) -> str:
    """HTML without the attributes of its tags, which name people in links; the [code] of an emoji's image stays."""

    def unnamed(tag: re.Match[str]) -> str:
        alt = _ALT_OF_EMOJI.search(tag[0])
        kept = f' alt="{alt[1]}"' if alt else ""
        return f"{tag[1]}{tag[2]}{kept}{tag[3]}"

    return _TAG_WITH_ATTRIBUTES.sub(unnamed, markup)


def _replaced(text: str, person: str, by: str) -> str:
    """The text with ``by`` in place of a person's id, except where the id is part of a longer word or number.

    No regular expression is used: every post has its own ids, and compiling one takes longer than all other steps.
    """
    parts: list[str] = []
    done = 0
    place = text.find(person)
    while place >= 0:
        end = place + len(person)
        if any(side.isascii() and side.isalnum() for side in (text[max(place - 1, 0) : place], text[end : end + 1])):
            end = place + 1
        else:
            parts += (text[done:place], by)
            done = end
        place = text.find(person, end)
    return "".join((*parts, text[done:]))


# In HTML and URLs of any platform: attributes with names, and a tracking parameter with an id. There is one pattern per
# attribute, since searching for them one by one takes a third of the time of one combined pattern.
_NAMING_ATTRIBUTES = (
    Removal(("title=",), re.compile(r"""title=(?<!\wtitle=)(["'])[^"']*\1"""), ""),
    Removal(("alt=",), re.compile(r"""alt=(?<!\walt=)(["'])(?!\[)[^"']*\1"""), ""),  # keeps the [code] of an emoji
)
_UID_PARAMETER = re.compile(r"[?&;]uid=(\d{5,12})(?!\d)")


def _scrub_markup(markup: str, platform: Platform, key: bytes) -> str:
    """HTML, a URL or other text that is not JSON, without what identifies a person."""
    ids: dict[Platform, set[str]] = {platform: set(_UID_PARAMETER.findall(markup))}
    for site, facts in FACTS.items():  # a page may show, or link to, posts of other platforms
        if facts.person_markup is not None:
            shown_names = {match["name"] for match in facts.person_markup.names.finditer(markup)}
            markup = _remove(markup, facts.person_markup.removals)
            for name in shown_names:
                if len(name) >= 2:
                    markup = markup.replace(quote(html.unescape(name)), "")  # in URLs: uname=%E5%90%88…
            ids.setdefault(site, set()).update(facts.person_markup.ids.findall(markup))
        if site != platform:
            markup = _remove(markup, facts.removals)
    markup = _remove(markup, _NAMING_ATTRIBUTES)
    for site, people in ids.items():
        markup = _with_pseudonyms(markup, site, key, people)
    return _scrub_places(markup, platform, key)


def pseudonymise(item: Personal, key: bytes, listed_name: str | None = None) -> Personal:
    """The item without its author's identity: id as a pseudonym, no name, none in its repost tail, a scrubbed payload.

    Only an account that listening.yaml lists keeps a name (the listed one) and the text of its badge.
    """
    changes: dict[str, Any] = {
        "author_id": pseudonym(key, item.platform, item.author_id) if item.author_id else item.author_id,
        "author_name": listed_name,
        "payload": scrub(item.payload, item.platform, key),
    }
    if isinstance(item, Author):
        changes["verified_reason"] = item.verified_reason if listed_name else None
    else:
        changes["text"] = without_people(item.text, key)
        if isinstance(item, Post) and item.title is not None:
            changes["title"] = without_people(item.title, key)
    return dataclasses.replace(item, **changes)
