"""Audit flags: posts whose sentiment a person should check. They change no label; an audit draws and shows them.

The lists are our own. A cue is listed if most readers take it as a sign; words that are as often meant literally (绝了,
笑死, 不愧是, [允悲], [吃瓜]) are left out.
"""

import polars as pl

# Mostly asks and does not judge; the classifier cannot tell "这也能叫售后？" from "售后在哪？".
QUESTION = "question"
# Relays what others say: its words describe the event, not the author's opinion.
NEWS_LIKE = "news_like"
# Irony or parody: the words say the opposite of what is meant.
IRONY_CUE = "irony_cue"
AUDIT_FLAGS = (QUESTION, NEWS_LIKE, IRONY_CUE)

_START = r"(?:^|[，,。！!？?；;…~\s])"
_QUESTION = "|".join(
    [
        r"\p{L}[\"”’」』）)\]]*\s?[？?]",  # a question mark alone expresses surprise
        r"\p{L}吗(?:[，,。.！!…~\s\[]|$)",
        r"[^什怎这那要多么甚\s]么(?:[，,。.！!…~\s\[]|$)",
        rf"{_START}(?:为什么|为啥|凭什么|怎么办)",
        "请问|求问|想问|问一下|有没有人|有谁知道|谁能告诉|谁知道|求解答|求助|求推荐|怎么回事",
    ]
)
_NEWS_LIKE = "|".join(
    [
        r"^【[^】]{4,80}】",  # a headline
        r"据(?:悉|了解|[^，,。！!？?\s]{0,20}(?:报道|消息|通报|透露|介绍))",
        r"记者(?:从|了解|获悉|采访|注意到|查询|联系|发现|\s?\p{Han}{2,4}[）)])|本报记者",
        r"\d{1,2}日(?:电|讯|消息)|^快讯|^(?:最新)?消息[，,：:]",
        r"(?:来源|编辑|责编|责任编辑|校对|原标题)[：:]",
        # Relays without own words: the sites' share buttons and what people type to pass something on.
        r"(?i)^(?:转|转载|扩散|mark|马住?|码住?|围观|吃瓜|路过)[转发。.！!~～\s]*$",
        r"^分享(?:图片|视频|文章|单曲|网页)|[（(](?:分享|来)自|我分享了|阅读全文",
    ]
)
# Praise that is ironic in quotation marks.
_PRAISE = (
    "良心|厉害|优秀|贴心|诚意|感动|高端|聪明|惊喜|好心|用心|专业|负责|真诚|爱国|友好|大方|完美|福利|人性化|高明|英明|伟大|"
    "担当|创新|领先|周到|公平|公正|热情|神操作|好评|国货之光|遥遥领先|大善人|好老板|好企业"
)
_IRONY_CUE = "|".join(
    [
        # Faces that Chinese readers take as mockery: emoji, emoji codes and words.
        r"\[(?:doge|二哈|狗头|微笑|阴险|滑稽|拜拜|并不简单)R?\]",
        "🐶|🙂|🙃|🤡|😏|🌚|🐕",
        r"[（(]?(?i:doge)[）)]|[（(]狗头[）)]|狗头保命|手动狗头",
        # Ironic laughs and thanks.
        r"呵呵|(?:^|[^\p{Han}])(?:好家伙|笑了)(?:[，,。！!…~\s]|$)|我可?(?:真是?)?谢谢(?:您|你|他|她)了|谢谢你全家",
        # Praise that is only used ironically.
        r"真有(?:你|你们|您|他们)的|可真(?:行|能|会|敢)|(?:你|您|他|真)可真是|可把.{1,8}(?:坏了|牛)|好一个|大聪明|赢麻了|又赢了|赢两次",
        rf"[“\"「『‘]\p{{L}}{{0,2}}(?:{_PRAISE})\p{{L}}{{0,2}}[”\"」』’]",
        # Readers or authors who call it irony.
        "阴阳怪气|高级黑|低级红|反串|懂的都懂|懂得都懂|细品|小丑竟是我",
    ]
)


def audit_flags(words: pl.Expr) -> pl.Expr:
    """The list of flags of each text (``words`` of cleaning.clean), in the order of AUDIT_FLAGS; mostly empty."""
    flags = {QUESTION: is_question(words), NEWS_LIKE: is_news_like(words), IRONY_CUE: has_irony_cue(words)}
    return pl.concat_list(pl.when(holds).then(pl.lit(flag)) for flag, holds in flags.items()).list.drop_nulls()


def is_question(words: pl.Expr) -> pl.Expr:
    """True if the text asks a question, rhetorical or not."""
    return words.str.contains(_QUESTION)


def is_news_like(words: pl.Expr) -> pl.Expr:
    """True if the text reads like a report or relays one: a headline in 【】 at the beginning, sources, bare relays."""
    return words.str.contains(_NEWS_LIKE)


def has_irony_cue(words: pl.Expr) -> pl.Expr:
    """True if the text has a sign of irony or parody; irony without a sign is not detected."""
    return words.str.contains(_IRONY_CUE)
