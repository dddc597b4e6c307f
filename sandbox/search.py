"""Full-text search for all sites, which differ only in the order and the number of the results they show."""

from collections.abc import Iterable

from sandbox.corpus import SandboxPost

# The query of canary requests: a word so common that a search for it has results on the real sites at any time.
COMMON_WORD = "新闻"


def matching(posts: Iterable[SandboxPost], query: str) -> list[SandboxPost]:
    """The posts that contain every space-separated term of the query in title, text or hashtags, in their given order.

    The search ignores case and the text of a quoted original. An empty query matches no post, COMMON_WORD every post.
    """
    if query == COMMON_WORD:
        return list(posts)
    terms = query.casefold().split()
    return [post for post in posts if terms and _contains_all(post, terms)]


def _contains_all(post: SandboxPost, terms: list[str]) -> bool:
    text = "\n".join((post.title or "", post.text, *post.hashtags)).casefold()
    return all(term in text for term in terms)
