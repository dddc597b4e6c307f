"""Matches posts with topics by the words of listening.yaml. Set-based: the cost grows with the number of hits."""

import unicodedata
from collections.abc import Mapping, Sequence

import polars as pl

from core.calendar import day_of
from core.listening import Topic
from orchestration.reading.cleaning import match_key

# The weight against a post with more hashtags than relevance.most_hashtags.
_HASHTAG_FLOOD = 2.0


def match_topics(posts: pl.DataFrame, topics: Sequence[Topic], aliases: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Match posts, from cleaning.last_words, with topics: one row per post and topic that it matches.

    A post matches if the topic listens on its platform, its day of publication (Asia/Shanghai) is in the topic's
    window, and its own words, title and hashtags satisfy ``match``. A hashtag counts both as written and under the name
    that ``aliases`` (name to hashtags) gives it.

    Case, width and traditional or simplified characters make no difference. A word that begins or ends with a Latin
    letter matches as a whole word: KOL matches 小米KOL合作, not KOLsomething or KOL2. A word that ends with a digit
    must not be followed by another digit: SU7 matches SU7Ultra, not SU70.

    Returns day, platform, post_id, topic_id; matched_by, the matching words as spelled in listening.yaml; text, the
    text that was searched; and the inputs of relevance.py: prior, for_words, against_words (lists), for_weight,
    against_weight (sums of weights).
    """
    words = words_of_topics(topics)
    texts = _searched_texts(posts, aliases)
    hits = _found_words(texts, words).sort("post", "topic", "position").group_by("post", "topic", maintain_order=True)
    role, word = pl.col("role"), pl.col("word")
    return (
        hits.agg(
            *(word.filter(role == name).alias(name) for name in ("all", "any", "none")),
            *(word.filter(role == name).alias(f"{name}_words") for name in ("for", "against")),
            *(pl.col("weight").filter(role == name).sum().alias(f"{name}_weight") for name in ("for", "against")),
        )
        .join(_conditions(topics, words), on="topic", maintain_order="left")
        .join(texts, on="post", maintain_order="left")
        .filter(
            pl.col("all").list.len() == pl.col("all_required"),
            (pl.col("any_listed") == 0) | (pl.col("any").list.len() > 0),
            pl.col("none").list.len() == 0,
            pl.col("platform").is_in(pl.col("platforms")),
            pl.col("day") >= pl.col("start"),
            pl.col("end").is_null() | (pl.col("day") <= pl.col("end")),
        )
        .with_columns(is_flood=(pl.col("hashtag_count") > pl.col("most_hashtags")).fill_null(False))
        .select(
            "day",
            "platform",
            "post_id",
            "topic_id",
            "text",
            "prior",
            "for_words",
            "for_weight",
            matched_by=pl.concat_str(_named("all"), _named("any"), separator="; ", ignore_nulls=True),
            against_words=pl.when("is_flood")
            .then(pl.concat_list("against_words", pl.format("{} hashtags", "hashtag_count")))
            .otherwise("against_words"),
            against_weight=pl.col("against_weight") + pl.col("is_flood") * _HASHTAG_FLOOD,
        )
    )


def named_hashtags(hashtags: pl.Series, aliases: Mapping[str, Sequence[str]]) -> pl.Series:
    """Replace hashtags in lists by the names that ``aliases`` gives them; without repetitions, in order."""
    names = names_of_hashtags(aliases)
    written = hashtags.explode().drop_nulls().unique()
    aliased = {tag: names[key] for tag, key in zip(written, match_key(written), strict=True) if key in names}
    return hashtags.fill_null([]).list.eval(pl.element().replace(aliased)).list.unique(maintain_order=True)


def names_of_hashtags(aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The name of each hashtag that has one, by the hashtag's cleaning.match_key."""
    return {key: name for name, listed in aliases.items() for key in match_key(pl.Series([name, *listed]))}


def _searched_texts(posts: pl.DataFrame, aliases: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Posts as they are searched: post (its index), platform, post_id, day, hashtag_count, text."""
    hashtags = posts["hashtags"].fill_null([]).list.concat(posts["inline_hashtags"]).list.unique(maintain_order=True)
    written = pl.concat(
        [posts["text_clean"].to_frame(), hashtags.list.join("\n").to_frame("hashtags")], how="horizontal"
    )
    names = named_hashtags(hashtags, aliases).list.join("\n")
    text = written["text_clean"] + "\n" + written["hashtags"] + "\n" + names
    return posts.select(
        "platform",
        "post_id",
        day=day_of("posted_at"),
        hashtag_count=hashtags.list.len(),
        text=match_key(text),
    ).with_row_index("post")


def _named(role: str) -> pl.Expr:
    words = pl.col(role)
    return pl.when(words.list.len() > 0).then(pl.lit(f"{role}: ") + words.list.join(", "))


def words_of_topics(topics: Sequence[Topic]) -> pl.DataFrame:
    """One row per word of each topic, in the order of the file.

    position; topic, its index; role: all, any, none, for, against; weight, for the last two roles only; word; key.
    """
    words = pl.DataFrame(
        [
            (number, role, weight, word)
            for number, topic in enumerate(topics)
            for role, weighted in (
                ("all", {None: topic.match.all}),
                ("any", {None: topic.match.any}),
                ("none", {None: topic.match.none}),
                ("for", topic.relevance.for_),
                ("against", topic.relevance.against),
            )
            for weight, listed in weighted.items()
            for word in listed
        ],
        schema={"topic": pl.UInt32, "role": pl.String, "weight": pl.Float64, "word": pl.String},
        orient="row",
    )
    words = words.with_columns(key=match_key(words["word"]))
    return words.unique(["topic", "role", "key"], keep="first", maintain_order=True).with_row_index("position")


def _conditions(topics: Sequence[Topic], words: pl.DataFrame) -> pl.DataFrame:
    """Conditions by topic: topic, topic_id, platforms, start, end, prior, most_hashtags, all_required, any_listed."""
    role = pl.col("role")
    required = words.group_by("topic").agg(all_required=(role == "all").sum(), any_listed=(role == "any").sum())
    return pl.DataFrame(
        [
            (n, t.id, t.platforms, t.window.start, t.window.end, t.relevance.prior, t.relevance.most_hashtags)
            for n, t in enumerate(topics)
        ],
        schema={
            "topic": pl.UInt32,
            "topic_id": pl.String,
            "platforms": pl.List(pl.String),
            "start": pl.Date,
            "end": pl.Date,
            "prior": pl.Float64,
            "most_hashtags": pl.UInt32,
        },
        orient="row",
    ).join(required, on="topic")


def _found_words(texts: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """The words of topics that occur in each post: the columns of ``words`` and post, one row per occurrence."""
    keys = words["key"].unique(maintain_order=True)
    patterns = {key: pattern for key in keys if (pattern := _whole_word(key))}
    hits = (
        texts.select(
            "post", "text", key=pl.col("text").str.extract_many(keys.implode(), overlapping=True).list.unique()
        )
        .filter(pl.col("key").list.len() > 0)
        .explode("key")
    )
    has_pattern = pl.col("key").is_in(list(patterns))
    whole = [
        group.filter(pl.col("text").str.contains(patterns[key]))
        for (key,), group in hits.filter(has_pattern).partition_by("key", as_dict=True).items()
    ]
    return pl.concat([hits.filter(~has_pattern), *whole]).select("post", "key").join(words, on="key")


def _whole_word(key: str) -> str:
    """A pattern that matches the key as a whole word; empty if any occurrence of the key is a whole word."""
    before, after = continued_by(key[0]), continued_by(key[-1])
    if not before and not after:
        return ""
    return (f"(?:^|[^{before}])" if before else "") + pl.escape_regex(key) + (f"(?:$|[^{after}])" if after else "")


def continued_by(edge: str) -> str:
    """The characters, as a regular expression class, that would extend a word with this character at its edge."""
    if edge.isdecimal():
        return r"\p{Nd}"
    return r"\p{Latin}\p{Nd}" if unicodedata.name(edge, "").startswith("LATIN") else ""
