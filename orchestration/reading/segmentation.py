"""Word segmentation of posts and comments, and the hashtags that they use."""

import re
from functools import cache
from itertools import chain

import polars as pl
import rjieba

from core.listening import Listening
from orchestration.reading.topics import named_hashtags

# Longer texts are truncated. rjieba takes .1 s for 100,000 characters, and a word counts once per text anyway.
MAX_CHARS = 10_000
_EMOJI_CODE = r"\[[^\[\]\s]{1,8}\]"
_CLAUSE_ENDS = r"[\n,，。.!！?？;；:：、…~—\"“”()（）\[\]【】《》|]+"
_LETTERLESS = r" [^\p{L} |]+ "


def user_words(listening: Listening) -> tuple[str, ...]:
    """Names that the segmenter keeps whole, sorted: brands, match words, hashtag aliases and listed accounts.

    Aliases are often phrases: one that contains another of these names is left out, since it would hide that name.
    """
    topics = listening.topics
    names = dict.fromkeys(
        chain(
            (topic.brand for topic in topics),
            *((*topic.match.all, *topic.match.any, *topic.match.none) for topic in topics),
            (account.name for account in listening.accounts),
        )
    )
    aliases = chain.from_iterable((name, *others) for name, others in listening.aliases.items())
    names |= dict.fromkeys(alias for alias in aliases if not any(name in alias for name in names))
    return tuple(sorted(name for name in names if not re.search(r"\s", name)))


@cache
def _segmenter(words: tuple[str, ...]) -> rjieba.Jieba:
    jieba = rjieba.Jieba()
    for word in words:
        jieba.add_word(word, None, None)  # no frequency: jieba chooses one at which the word is kept whole
    return jieba


def segment_posts(posts: pl.DataFrame, listening: Listening) -> pl.DataFrame:
    """Adds ``segmented`` and completes ``hashtags``; posts has the columns of cleaning.last_words.

    segmented: the words of the text, separated by spaces, with "|" between clauses; without numbers, signs, emoji,
    mentions and hashtags. Latin words are in lower case, unless listening.yaml spells them otherwise.
    hashtags: all of the post's hashtags, also those in its text, each once and under the name that ``aliases`` of
    listening.yaml gives it.
    """
    names = user_words(listening)
    cut = _segmenter(names).cut
    texts = posts["words"].str.slice(0, MAX_CHARS).str.replace_all(_EMOJI_CODE, "|")
    # Two spaces between words, so that every word has its own space on both sides.
    segments = pl.Series([f" {'  '.join(cut(text))} " for text in texts], dtype=pl.String).str.to_lowercase()
    segments = (
        segments.str.replace_all(_CLAUSE_ENDS, "|")
        .str.replace_all(_LETTERLESS, "")
        .str.replace_many({f" {name.lower()} ": f" {name} " for name in names})
        .str.replace_all(" +", " ")
        .str.replace_all(r"( ?\|)+", " |")
        .str.strip_chars(" |")
    )
    hashtags = posts["hashtags"].fill_null([]).list.concat(posts["inline_hashtags"])
    return posts.with_columns(
        segments.alias("segmented"), named_hashtags(hashtags, listening.aliases).alias("hashtags")
    )
