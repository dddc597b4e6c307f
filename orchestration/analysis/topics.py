"""Which posts speak of which topic, by the words of listening.yaml. Set-based: the cost grows with the hits."""

import unicodedata
from collections.abc import Sequence

import polars as pl

from orchestration.analysis.cleaning import last_words, match_key
from orchestration.analysis.enriched import POST_TOPICS
from orchestration.listening import Topic


def match_topics(posts: pl.DataFrame, topics: Sequence[Topic]) -> pl.DataFrame:
    """Raw ``posts`` rows to the topics that each post belongs to, in the schema ``enriched.POST_TOPICS``.

    A post belongs when its platform is one that the topic listens on, its day of publication (Asia/Shanghai) lies in
    the topic's window, and its own words, title and hashtags hold what ``match`` asks for. Of several observations of a
    post the last words count.

    Case and width do not matter. A word that begins or ends with a Latin letter matches whole: KOL is found in
    小米KOL合作, not in KOLsomething or KOL2. One that ends with a digit matches up to the next digit: SU7 is found in
    SU7Ultra, not in SU70. ``matched_by`` names the words that decided, as listening.yaml writes them.
    """
    words = _words(topics)
    said = last_words(posts).with_row_index("post")
    found = _found_words(said, words).sort("post", "topic", "position").group_by("post", "topic", maintain_order=True)
    return (
        found.agg(pl.col("word").filter(pl.col("role") == role).alias(role) for role in ("all", "any", "none"))
        .join(_conditions(topics, words), on="topic", maintain_order="left")
        .join(said.select("post", "platform", "post_id", "posted_at"), on="post", maintain_order="left")
        .with_columns(day=pl.col("posted_at").dt.convert_time_zone("Asia/Shanghai").dt.date())
        .filter(
            pl.col("all").list.len() == pl.col("all_asked"),
            (pl.col("any_asked") == 0) | (pl.col("any").list.len() > 0),
            pl.col("none").list.len() == 0,
            pl.col("platform").is_in(pl.col("platforms")),
            pl.col("day") >= pl.col("start"),
            pl.col("end").is_null() | (pl.col("day") <= pl.col("end")),
        )
        .select(
            "platform",
            "post_id",
            "topic_id",
            matched_by=pl.concat_str(_named("all"), _named("any"), separator="; ", ignore_nulls=True),
        )
        .match_to_schema(POST_TOPICS)
    )


def _named(role: str) -> pl.Expr:
    words = pl.col(role)
    return pl.when(words.list.len() > 0).then(pl.lit(f"{role}: ") + words.list.join(", "))


def _words(topics: Sequence[Topic]) -> pl.DataFrame:
    """A row for each word of each topic, in the order of the file: position, topic (its number), role, word, key."""
    words = pl.DataFrame(
        [
            (number, role, word)
            for number, topic in enumerate(topics)
            for role, role_words in (("all", topic.match.all), ("any", topic.match.any), ("none", topic.match.none))
            for word in role_words
        ],
        schema={"topic": pl.UInt32, "role": pl.String, "word": pl.String},
        orient="row",
    )
    words = words.with_columns(key=match_key(words["word"]))
    return words.unique(["topic", "role", "key"], keep="first", maintain_order=True).with_row_index("position")


def _conditions(topics: Sequence[Topic], words: pl.DataFrame) -> pl.DataFrame:
    """What each topic asks for: topic, topic_id, platforms, start, end; all_asked and any_asked, how many words."""
    role = pl.col("role")
    asked = words.group_by("topic").agg(all_asked=(role == "all").sum(), any_asked=(role == "any").sum())
    return pl.DataFrame(
        [(n, t.id, t.platforms, t.window.start, t.window.end) for n, t in enumerate(topics)],
        schema={
            "topic": pl.UInt32,
            "topic_id": pl.String,
            "platforms": pl.List(pl.String),
            "start": pl.Date,
            "end": pl.Date,
        },
        orient="row",
    ).join(asked, on="topic")


def _found_words(said: pl.DataFrame, words: pl.DataFrame) -> pl.DataFrame:
    """Which words of which topics stand in which post: the columns of ``words`` and post, a row for each."""
    keys = words["key"].unique(maintain_order=True)
    patterns = {key: _whole_word(key) for key in keys}
    hashtags = said["hashtags"].list.join("\n").fill_null("")
    text = match_key(said["text_clean"] + "\n" + hashtags)
    hits = (
        said.select("post", text=text, key=text.str.extract_many(keys.implode(), overlapping=True).list.unique())
        .filter(pl.col("key").list.len() > 0)
        .explode("key")
    )
    whole = [
        group.filter(pl.col("text").str.contains(patterns[key])) if patterns[key] else group
        for (key,), group in hits.partition_by("key", as_dict=True).items()
    ]
    return pl.concat([hits.clear(), *whole]).select("post", "key").join(words, on="key")


def _whole_word(key: str) -> str:
    """A pattern for the key where nothing continues it; empty for a word whose edges nothing can continue."""
    before, after = _continued_by(key[0]), _continued_by(key[-1])
    if not before and not after:
        return ""
    return (f"(?:^|[^{before}])" if before else "") + pl.escape_regex(key) + (f"(?:$|[^{after}])" if after else "")


def _continued_by(edge: str) -> str:
    """The characters that make another word of one with this character at its edge, as in a regular expression."""
    if edge.isdecimal():
        return r"\p{Nd}"
    return r"\p{Latin}\p{Nd}" if unicodedata.name(edge, "").startswith("LATIN") else ""
