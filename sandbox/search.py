"""Which posts a search finds, for all four sites: what the sites differ in is the order and how deep they show it."""

from collections.abc import Iterable

from sandbox.corpus import SandboxPost

# A word so common that a search for it always finds something, on the real sites too: what canary queries ask for.
COMMON_WORD = "新闻"


def matching(posts: Iterable[SandboxPost], query: str) -> list[SandboxPost]:
    """The posts that hold every space-separated term of the query in title, text or hashtags, in their given order.

    Case does not count. Only what stands in the post itself is searched, never the original that it quotes. A query
    without a term finds nothing, COMMON_WORD everything.
    """
    if query == COMMON_WORD:
        return list(posts)
    terms = query.casefold().split()
    return [post for post in posts if terms and _holds_all(post, terms)]


def _holds_all(post: SandboxPost, terms: list[str]) -> bool:
    searched = "\n".join((post.title or "", post.text, *post.hashtags)).casefold()
    return all(term in searched for term in terms)
