"""Text cleaning, the first step of reading: the author's own words, without what the sites add to them.

Vectorised, except for the few texts with markup.
"""

import re
from collections.abc import Sequence
from functools import cache

import opencc
import polars as pl

from core.calendar import day_of
from scrapers.parsers.values import html_to_text

# Tags and character references in texts. Parsers resolve them, but imported files still contain some.
_MARKUP = (
    r"(?i)</?(?:a|b|br|div|em|font|h[1-6]|i|img|li|ol|p|span|strong|svg|u|ul)(?:[\s/][^<>]*)?>"
    r"|&(?:amp|apos|gt|hellip|ldquo|lt|mdash|middot|nbsp|quot|rdquo|#\d{1,7}|#x[0-9a-f]{1,6});"
)
_MARKUP_ROUNDS = 3  # text that was escaped twice needs two
# Zero-width and direction marks and soft hyphens, but not U+200D, which joins emoji.
_INVISIBLE = "[\u00ad\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
_BLANKS = r"[\s\p{Cc}]+"
# Full-width letters, digits and the signs of hashtags, mentions and emoji codes. Chinese punctuation is kept.
_HALF_WIDTH = {
    chr(ord(char) + 0xFEE0): char for char in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#@/[]"
}
_TAIL = "//@"
# #小米#, and Xiaohongshu's #小米[话题]#. Anything longer is two separate # signs in one text.
_HASHTAG = r"#([^#\[\]]{1,50})(?:\[[^\[\]#]{1,8}\])?#"
MENTION = "@"  # replaces every mention in the column words
_MENTIONED = r"@[\w\-]{1,30}"
# Ideographs, their extension A, and the compatibility ones.
_IDEOGRAPHS = (range(0x4E00, 0xA000), range(0x3400, 0x4DC0), range(0xF900, 0xFB00))
# Links, and the words that Weibo shows instead of a link (with a letter of its icon font in some exports).
_LINK = r"https?://[!-~]+|O?网页链接"
# What the sites append to a truncated text.
_FOLDED = r"(?:\s*(?:(?:展开|收起)全文[cd]?|展开c|收起d|(?:\.{3}|…)全文))+\s*$"
# The text that Weibo gives a repost without a comment.
_WORDLESS = r"(?i)^(?:转发微博|轉發微博|快转微博|转发|Repost)[.。!！]?$"


def clean(texts: pl.Series) -> pl.DataFrame:
    """Split raw texts into the author's own words and the rest: one row per text, in order.

    text_clean: the own words on one line. Markup, invisible characters, links and phrases of the sites are removed,
        full-width letters and digits become half-width, traditional characters simplified; emoji, [表情] codes,
        hashtags, mentions and punctuation are kept. Empty if there are no own words: null, or a repost without a
        comment ("转发微博").
    words: text_clean without its hashtags, and with "@" for each mention: the text to count words and phrases in.
    inline_hashtags: the hashtags of text_clean, without their signs, in order.
    repost_tail: everything from the first "//@", null if there is none.

    Cleaning is idempotent.
    """
    own, tail = pl.col("text").struct.field("field_0"), pl.col("text").struct.field("field_1")
    words = own.str.replace_all(_LINK, " ").str.replace_all(" +", " ").str.replace(_FOLDED, "").str.strip_chars(" ")
    # Markup that remains after the rounds above, or appears once links are removed, was written to mislead.
    words = pl.when(words.str.contains(_MARKUP)).then(words.str.replace_all("[<>& ]+", " ")).otherwise(words)
    return (
        simplified(_plain(texts.fill_null("").alias("text")))
        .to_frame()
        .with_columns(pl.col("text").str.splitn(_TAIL, 2))
        .select(
            text_clean=words.str.strip_chars(" ").str.replace(_WORDLESS, ""),
            repost_tail=(pl.lit(_TAIL) + tail).str.strip_chars(" "),
        )
        .with_columns(
            words=pl.col("text_clean")
            .str.replace_all(_HASHTAG, " ")
            .str.replace_all(_MENTIONED, f" {MENTION} ")
            .str.replace_all(" +", " ")
            .str.strip_chars(" "),
            inline_hashtags=pl.col("text_clean")
            .str.extract_all(_HASHTAG)
            .list.eval(pl.element().str.replace(_HASHTAG, "$1").str.strip_chars(" "))
            .list.eval(pl.element().filter(pl.element() != "")),
        )
        .select("text_clean", "words", "inline_hashtags", "repost_tail")
    )


def _plain(texts: pl.Series, markup_rounds: int = _MARKUP_ROUNDS) -> pl.Series:
    """Texts on one line, half-width, without invisible characters; markup is resolved in up to markup_rounds rounds."""
    texts = texts.str.replace_all(_INVISIBLE, "").str.replace_many(_HALF_WIDTH).str.replace_all(_BLANKS, " ")
    marked = texts.str.contains(_MARKUP)
    if not markup_rounds or not marked.any():
        return texts
    resolved = texts.filter(marked).map_elements(html_to_text, return_dtype=pl.String)
    return texts.scatter(marked.arg_true(), _plain(resolved, markup_rounds - 1))


def simplified(texts: pl.Series) -> pl.Series:
    """Convert texts with traditional characters to simplified ones; other texts are returned unchanged, at no cost.

    A character counts as traditional if OpenCC converts it and GB 2312, the mainland's character set, does not contain
    it: 乾 and 著 alone do not make a text traditional.
    """
    traditional = texts.str.contains(_traditional())
    if not traditional.any():
        return texts
    convert = _opencc().convert
    # Twice: 薴 is converted to a character that is traditional itself.
    return texts.scatter(
        traditional.arg_true(),
        texts.filter(traditional).map_elements(lambda text: convert(convert(text)), return_dtype=pl.String),
    )


@cache
def _opencc() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


@cache
def _traditional() -> str:
    """A pattern for any of the 4,500 traditional characters; polars searches 2 million texts a second for it."""
    characters = [chr(point) for block in _IDEOGRAPHS for point in block]
    converted = _opencc().convert("\n".join(characters)).split("\n")
    known = set("".join(characters).encode("gb2312", "ignore").decode("gb2312"))
    return "[" + "".join(a for a, b in zip(characters, converted, strict=True) if a != b and a not in known) + "]"


def match_key(texts: pl.Series) -> pl.Series:
    """The form in which words are compared: NFKC, simplified, lower case, without emoji joiners."""
    return simplified(texts.str.normalize("NFKC")).str.to_lowercase().str.replace_all("[\u200d\ufe0f]", "")


def last_words(observations: pl.DataFrame) -> pl.DataFrame:
    """The last full text of each post: one row per day and post, sorted by day, platform and post_id.

    observations: raw ``posts`` rows. The last observation counts, by observed_at and then crawl_id, except for two
    kinds. One without a text counts only if none has one, since a page that shows just the title does not mean that the
    text was removed. One whose text is cut or a summary does not replace a fuller text (``last_full``). A post whose
    observations disagree about its day has a row for each day; dbt decides between them.

    Returns day (Date, Asia/Shanghai), platform, post_id, posted_at, hashtags, text (title and text), and the columns of
    ``clean``.
    """
    title, text = pl.col("title").fill_null("").str.strip_chars(), pl.col("text").fill_null("").str.strip_chars()
    post = ["day", "platform", "post_id"]
    ordered = (
        observations.with_columns(day=day_of("posted_at"))
        .sort(*post, text != "", title != "", "observed_at", "crawl_id")
        .filter(((text != "") == (text != "").last()).over(post))
        .select(
            *post,
            "posted_at",
            "hashtags",
            # Some sites use the beginning of the text as the title.
            pl.when(text.str.starts_with(title))
            .then(text)
            .otherwise((title + "\n" + text).str.strip_chars())
            .alias("text"),
            "source",
        )
    )
    has_one_text = (pl.col("text") == pl.col("text").first()).all().over(post)
    several = (
        ordered.with_row_index("row")
        .filter(~has_one_text)
        .group_by(post, maintain_order=True)
        .agg("row", "text", "source")
    )
    chosen = [
        rows[last_full(texts, sources)] for rows, texts, sources in several.select("row", "text", "source").rows()
    ]
    last = pl.concat(
        [
            ordered.filter(has_one_text).unique(post, keep="last", maintain_order=True),
            ordered[chosen],
        ]
    ).sort(post)
    return last.drop("source").hstack(clean(last["text"]))


# How sites, and exports of their lists, end a text that continues: "...全文", "…", "展开".
_FOLD = re.compile(r"\s*(?:(?:\.{2,}|。{2,}|…|⋯)*\s*(?:(?:展开|收起|查看|阅读|显示)?全文[cd]?|展开[c]?|查看更多))\s*$")
_ELLIPSIS = re.compile(r"(?:\.{3,}|。{3,}|…+|⋯+)")
_IMPORTED = "import:"  # how the source of an imported row begins
# A text of less than half of the length that another source showed is a summary.
_SUMMARY = 0.5


def last_full(texts: Sequence[str], sources: Sequence[str]) -> int:
    """The index of the text that counts, of a post's texts in the order of their observation.

    A later text replaces an earlier one unless it is shorter and was cut:

    - it ends with a sign of the site that the text continues ("...全文"), or
    - it has an ellipsis, and what it shows is part of the earlier text, or
    - an import shows it that has not shown the earlier text, and it is part of that text, has an ellipsis at its end,
      or has less than half of its length.

    So an author's edit counts as soon as a crawl sees it, or the source that showed the text before the edit.
    """
    chosen = 0
    full_sources: set[str] = set()
    for place, (text, source) in enumerate(zip(texts, sources, strict=True)):
        is_full_source = source in full_sources or not source.startswith(_IMPORTED)
        if _is_cut(text, texts[chosen], is_full_source=is_full_source):
            continue
        if text != texts[chosen]:
            full_sources.clear()
        full_sources.add(source)
        chosen = place
    return chosen


def _is_cut(text: str, fuller: str, *, is_full_source: bool) -> bool:
    shown, whole = "".join(_FOLD.sub("", text).split()), "".join(_FOLD.sub("", fuller).split())
    parts = [part for part in _ELLIPSIS.split(shown) if part]
    if sum(map(len, parts)) >= sum(map(len, _ELLIPSIS.split(whole))):
        return False
    if _FOLD.search(text):
        return True
    is_part = all(part in whole for part in parts)
    has_ellipsis = _ELLIPSIS.search(shown) is not None
    if is_full_source:
        return has_ellipsis and is_part
    return is_part or _ELLIPSIS.sub("", shown[-3:]) != shown[-3:] or len(shown) < _SUMMARY * len(whole)
