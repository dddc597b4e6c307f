"""Which posts speak of which topic, by the words of listening.yaml. Set-based: the cost grows with the hits."""

import unicodedata
from collections.abc import Mapping, Sequence

import polars as pl

from core.calendar import day_of
from core.listening import Topic
from orchestration.reading.cleaning import match_key

# What more hashtags than relevance.most_hashtags weigh against a post.
_HASHTAG_FLOOD = 2.0


def match_topics(posts: pl.DataFrame, topics: Sequence[Topic], aliases: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Posts, as cleaning.last_words gives them, to the topics whose words each post holds: a row for each of both.

    A post belongs when its platform is one that the topic listens on, its day of publication (Asia/Shanghai) lies in
    the topic's window, and its own words, title and hashtags hold what ``match`` asks for. A hashtag is read as it is
    written and by the name that ``aliases`` (name to hashtags) has for it.

    Neither case nor width matter, nor whether characters are traditional or simplified. A word that begins or ends with
    a Latin letter matches whole: KOL is found in 小米KOL合作, not in KOLsomething or KOL2. One that ends with a digit
    matches up to the next digit: SU7 is found in SU7Ultra, not in SU70.

    Out: day, platform, post_id, topic_id; matched_by, the words that decided, as listening.yaml writes them; text, what
    they were looked for in; prior, for_words, against_words (lists) and for_weight, against_weight (their weights added
    up): what ``relevance`` has for the post to be judged by (relevance.py).
    """
    words = _words(topics)
    said = _read(posts, aliases)
    found = _found_words(said, words).sort("post", "topic", "position").group_by("post", "topic", maintain_order=True)
    role, word = pl.col("role"), pl.col("word")
    return (
        found.agg(
            *(word.filter(role == name).alias(name) for name in ("all", "any", "none")),
            *(word.filter(role == name).alias(f"{name}_words") for name in ("for", "against")),
            *(pl.col("weight").filter(role == name).sum().alias(f"{name}_weight") for name in ("for", "against")),
        )
        .join(_conditions(topics, words), on="topic", maintain_order="left")
        .join(said, on="post", maintain_order="left")
        .filter(
            pl.col("all").list.len() == pl.col("all_asked"),
            (pl.col("any_asked") == 0) | (pl.col("any").list.len() > 0),
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
    """Lists of hashtags to the names that they go by, each once, in their order; most are their own name."""
    names = {key: name for name, listed in aliases.items() for key in match_key(pl.Series([name, *listed]))}
    written = hashtags.explode().drop_nulls().unique()
    aliased = {tag: names[key] for tag, key in zip(written, match_key(written), strict=True) if key in names}
    return hashtags.fill_null([]).list.eval(pl.element().replace(aliased)).list.unique(maintain_order=True)


def _read(posts: pl.DataFrame, aliases: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Posts as they are looked through: post (their number), platform, post_id, day, hashtag_count, text."""
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


def _words(topics: Sequence[Topic]) -> pl.DataFrame:
    """A row for each word of each topic, in the order of the file.

    position; topic, its number; role: all, any, none, for, against; weight, null but for the last two; word; key.
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
    """What each topic asks for: topic, topic_id, platforms, start, end, prior, most_hashtags; all_asked, any_asked."""
    role = pl.col("role")
    asked = words.group_by("topic").agg(all_asked=(role == "all").sum(), any_asked=(role == "any").sum())
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
    ).join(asked, on="topic")


def _found_words(said: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Which words of which topics stand in which post: the columns of ``words`` and post, a row for each."""
    keys = words["key"].unique(maintain_order=True)
    patterns = {key: pattern for key in keys if (pattern := _whole_word(key))}
    hits = (
        said.select("post", "text", key=pl.col("text").str.extract_many(keys.implode(), overlapping=True).list.unique())
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
    """A pattern for the key where nothing continues it; empty for a word whose edges nothing can continue."""
    before, after = continued_by(key[0]), continued_by(key[-1])
    if not before and not after:
        return ""
    return (f"(?:^|[^{before}])" if before else "") + pl.escape_regex(key) + (f"(?:$|[^{after}])" if after else "")


def continued_by(edge: str) -> str:
    """The characters that make another word of one with this character at its edge, as in a regular expression."""
    if edge.isdecimal():
        return r"\p{Nd}"
    return r"\p{Latin}\p{Nd}" if unicodedata.name(edge, "").startswith("LATIN") else ""
