"""Stance: the sentiment of a post towards a topic's brand, as opposed to the sentiment of the whole post.

It is the sentiment of the parts of the post that are about the brand: from a clause that names it to the end of the
sentence, or to the name of another topic's brand. Earlier clauses are mostly about something else
("华为很好，小米太差"); later ones continue about the brand ("小米这次，太让人失望了").
"""

from collections.abc import Sequence

import polars as pl

from core.listening import Listening, Topic
from orchestration.reading.cleaning import match_key
from orchestration.reading.sentiment import SentimentModel
from orchestration.reading.topics import continued_by, named_hashtags

# A part needs this many characters besides the name to say anything ("太差"); else the whole sentences with the
# name are read ("再也不买了，小米"), and else the whole post ("小米！太让我失望了").
FEWEST_CHARS = 2
_SENTENCE_ENDS = r"。！!？?；;…~～|"
_CLAUSE_ENDS = r"，,、：:"
_LETTERS = r"[^\p{L}\p{N}\p{So}]"  # anything but letters, digits and emoji: emoji carry sentiment too
# Markers around a name of the brand, and before a name of another brand. Cleaned texts contain no control characters.
_NAME, _NAME_END, _OTHER = "\x02", "\x03", "\x04"


def add_stance(
    matches: pl.DataFrame, posts: pl.DataFrame, listening: Listening, classifier: SentimentModel
) -> pl.DataFrame:
    """Add the stance of each post towards the topic's brand to matches of posts and topics.

    matches: from relevance.judge: day, platform, post_id, topic_id, is_relevant. posts: from cleaning.last_words.

    Adds ``stance`` (negative, neutral, positive) and ``stance_score`` (P(positive) - P(negative)). Both are null if the
    post does not name the brand, is irrelevant, or has nothing to read. The brand goes by its name and the names that
    ``aliases`` lists with it. If only a hashtag names it, the whole post counts as being about it.
    """
    keys = ["day", "platform", "post_id"]
    hashtags = posts["hashtags"].fill_null([]).list.concat(posts["inline_hashtags"])
    texts = posts.select(*keys, "words", hashtags=named_hashtags(hashtags, listening.aliases).list.join("\n"))
    stances = [
        pl.DataFrame(schema={**matches.select(*keys, "topic_id").schema, "stance": pl.String, "stance_score": float})
    ]
    brands = {topic.id: brand_names(topic, listening) for topic in listening.topics}
    for topic in listening.topics:
        names = brands[topic.id]
        others = {name for listed in brands.values() for name in listed} - set(names)
        about = (
            matches.filter(pl.col("topic_id") == topic.id, pl.col("is_relevant"))
            .select(*keys, "topic_id")
            .join(texts, on=keys)
            .with_columns(about=about_brand(pl.col("words"), pl.col("hashtags"), names, sorted(others)))
            .drop_nulls("about")
        )
        predicted = classifier.predict(about["about"], target=topic.brand)
        stances.append(
            about.select(*keys, "topic_id")
            .hstack(
                predicted.select(stance="label", stance_score=pl.col("p_positive") - pl.col("p_negative"), a="abstain")
            )
            .filter(~pl.col("a"))
            .drop("a")
        )
    return matches.join(pl.concat(stances), on=[*keys, "topic_id"], how="left", maintain_order="left", validate="1:1")


def brand_names(topic: Topic, listening: Listening) -> list[str]:
    """The names of a topic's brand: its own, and those that ``aliases`` lists with it."""
    alias_groups = ([name, *others] for name, others in listening.aliases.items() if topic.brand in (name, *others))
    return list(dict.fromkeys([topic.brand, *(name for names in alias_groups for name in names)]))


def about_brand(words: pl.Expr, hashtags: pl.Expr, names: Sequence[str], others: Sequence[str]) -> pl.Expr:
    """The parts of each text that are about the brand with these names; null if the text does not name it.

    words: from cleaning.clean. hashtags: joined. others: names of other brands.
    """
    marked = words
    for pattern in _patterns(others):
        marked = marked.str.replace_all(pattern, f"${{1}}{_OTHER}${{2}}${{3}}")
    for pattern in _patterns(names):
        marked = marked.str.replace_all(pattern, f"${{1}}{_NAME}${{2}}{_NAME_END}${{3}}")
    stretches = marked.str.extract_all(
        f"[^{_CLAUSE_ENDS}{_SENTENCE_ENDS}{_OTHER}]*?{_NAME}[^{_SENTENCE_ENDS}{_OTHER}]*"
    ).list.join("。")
    sentences = marked.str.extract_all(
        f"[^{_SENTENCE_ENDS}]*?{_NAME}[^{_SENTENCE_ENDS}]*[{_SENTENCE_ENDS}]*"
    ).list.join("")
    in_hashtags = pl.any_horizontal(hashtags.str.contains(pattern) for pattern in _patterns(names))
    return (
        pl.when(marked.str.contains(_NAME, literal=True))
        .then(pl.when(_says(stretches)).then(stretches).when(_says(sentences)).then(sentences).otherwise(marked))
        .when(in_hashtags)
        .then(words)
        .str.replace_all(f"[{_NAME}{_NAME_END}{_OTHER}]", "")
    )


def _says(marked: pl.Expr) -> pl.Expr:
    """True if a text says anything besides the name."""
    rest = marked.str.replace_all(f"{_NAME}[^{_NAME_END}]*{_NAME_END}|{_LETTERS}", "")
    return rest.str.len_chars() >= FEWEST_CHARS


def _patterns(names: Sequence[str]) -> list[str]:
    """Patterns for the names as whole words, with three groups: the character before, the name, the character after."""
    by_edges: dict[tuple[str, str], list[str]] = {}
    for key in match_key(pl.Series(names, dtype=pl.String)).sort(descending=True):  # the longer of two first
        by_edges.setdefault((continued_by(key[0]), continued_by(key[-1])), []).append(pl.escape_regex(key))
    return [
        f"(?i){f'(^|[^{before}])' if before else '()'}({'|'.join(keys)}){f'($|[^{after}])' if after else '()'}"
        for (before, after), keys in by_edges.items()
    ]
