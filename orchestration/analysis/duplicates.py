"""Which posts say the same: equal words after normalising. No state: groups are equal across platforms and days."""

import hashlib

import polars as pl

from orchestration.analysis.cleaning import match_key

_LINK_OR_MENTION = r"https?://[!-~]+|@[\w\-]{1,30}"
_EMOJI_CODE = r"\[[^\[\]\s]{1,8}\]"  # [笑哭R], [doge], [话题]
_NO_WORD = r"[^\p{L}\p{N}]+"


def normalise(text_clean: pl.Series) -> pl.Series:
    """Own words to their letters and digits: links, mentions, emoji and their codes, punctuation and space are out."""
    key = match_key(text_clean).str.replace_all(_LINK_OR_MENTION, "").str.replace_all(_EMOJI_CODE, "")
    return key.str.replace_all(_NO_WORD, "")


def duplicate_groups(posts: pl.DataFrame) -> pl.DataFrame:
    """platform, post_id and text_clean to text_hash and duplicate_group_id, in order.

    text_hash: of the normalised words, 16 hex digits: among 10 million texts two that differ share one with odds of
        1 in 400,000. All texts without words share one.
    duplicate_group_id: the text_hash; platform:post_id where no word is left, for two pictures are not the same post.
    """
    words = normalise(posts["text_clean"])
    hashes = [hashlib.blake2b(text.encode(), digest_size=8).hexdigest() for text in words]
    return posts.select(
        text_hash=pl.Series(hashes, dtype=pl.String),
        duplicate_group_id=pl.when(words != "")
        .then(pl.Series(hashes, dtype=pl.String))
        .otherwise(pl.col("platform") + ":" + pl.col("post_id")),
    )
