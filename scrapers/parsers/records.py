"""What stands in for data that cannot be read: NoData for a whole body, a Reject for one record."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, NamedTuple

from core.contracts.raw import Reject, SliceState
from core.platforms import Platform
from scrapers.parsers import CommentPage
from scrapers.parsers.bodies import as_list, as_object, dump_record
from scrapers.parsers.impersonal import is_impersonal


class UnreadableError(ValueError):
    """A record is not a valid post, comment, account or row; the message says why."""


class NoData(NamedTuple):
    """The state and reason of a body without the requested data: refused, empty or not readable."""

    state: SliceState
    reason: str


def value_in_message(value: object) -> str:
    """The value for a message, unless it may name a person: a record in another form has anything anywhere."""
    return repr(value) if value is None or is_impersonal(str(value)) else "(not quoted, since it may be a name)"


INVALID_JSON = NoData("partial", "the body is not valid JSON; it may be truncated")
NO_CURSOR = "has_more is set, but there is no cursor for the next page"


def reject(platform: Platform, position: str, reason: str, record: str, observed_at: datetime) -> Reject:
    """A Reject without its source, the URL of the request, which the spider adds."""
    return Reject(
        platform=platform, source="", position=position, reason=reason, record=record, observed_at=observed_at
    )


@contextmanager
def rejecting(
    rejects: list[Reject], platform: Platform, position: str, record: object, observed_at: datetime
) -> Iterator[None]:
    """Turns an UnreadableError within the block into a Reject of the JSON record at this position."""
    try:
        yield
    except UnreadableError as error:
        rejects.append(reject(platform, position, str(error), dump_record(record), observed_at))


def set_state_of_comments(page: CommentPage, *, has_more: bool = False) -> None:
    """Sets the state and reason of a page whose comments and rejects have been added.

    has_more: the response says that another page follows.
    """
    if page.rejects and not page.comments:
        page.state, page.reason = "partial", f"none of {len(page.rejects)} comments could be read"
    elif has_more and page.next is None:
        page.state, page.reason = "partial", NO_CURSOR
    elif not page.comments and page.next is None:
        page.state, page.reason = "empty", "no comments"


def with_replies(
    records: list[Any], replies_key: str, id_of: Callable[[dict[str, Any]], str], root_id: str | None
) -> Iterator[tuple[str, Any, str | None]]:
    """(position, record, id of its root comment) of comments, each followed by the replies nested in it.

    The third is ``root_id`` if given, else None for a comment and the comment's id for its replies.
    """
    for number, record in enumerate(records, 1):
        yield f"comment {number}", record, root_id
        comment = as_object(record)
        for reply_number, reply in enumerate(as_list(comment.get(replies_key)), 1):
            yield f"comment {number}.{reply_number}", reply, root_id or id_of(comment)
