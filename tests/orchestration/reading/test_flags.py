"""Flags on hand-made texts. Each list has texts with the flag and texts that only look similar."""

import polars as pl
import pytest

from orchestration.reading.cleaning import clean
from orchestration.reading.flags import AUDIT_FLAGS, IRONY_CUE, NEWS_LIKE, QUESTION, audit_flags

MARKED = {
    QUESTION: [
        "这也能叫售后？",
        "小米什么时候发货?",
        "有人用过这款手机吗",
        "能退么。",
        "请问客服电话是多少",
        "为什么偏偏找他合作",
        "等了三天，怎么办",
        "你们是认真的吗[允悲]",
        "就这“诚意”？",
    ],
    NEWS_LIKE: [
        "【小米公关负责人发文致歉】1月5日晚，小米集团发布说明。",
        "据某某日报报道，双方已终止合作。",
        "据悉，新机将于下月发布",
        "记者从小米集团获悉，相关合作已经停止",
        "（记者 王某某）今天上午，发布会在北京举行",
        "某某社北京1月5日电 多家企业回应",
        "转！",
        "扩散！！",
        "Mark",
        "分享图片",
        "这就是全部经过（分享自 某某日报）",
        "责编：李某",
    ],
    IRONY_CUE: [
        "这服务真好[doge]",
        "感谢小米让我提前下班🐶",
        "呵呵，用户至上",
        "好家伙，一个月修了三次",
        "真有你的，小米",
        "小米可真行",
        "我可谢谢你了",
        "多么“贴心”的服务",
        "「良心企业」",
        "又赢了，赢麻了",
        "一看就是反串",
        "支持国货（狗头保命）",
        "好一个用户至上",
        "交朋友嘛🙃",
    ],
}
UNMARKED = {
    QUESTION: [
        "太离谱了！",
        "？？？",
        "我才不信呢",
        "快点去吧么么哒",
        "他问了客服，客服没有回答",
        "嘛，就这样了",
        "没什么。",
    ],
    NEWS_LIKE: [
        "太失望了，再也不买了",
        "我看了【开箱】视频",  # not at the beginning
        "【求助】",
        "我的根据是体验",
        "做记者真辛苦",
        "转了一圈还是买了小米",
        "我想转发给朋友看看",
        "分享我的使用体验",
        "1月5日我买了手机",
    ],
    IRONY_CUE: [
        "这服务真好[心]",
        "哈哈哈哈太好笑了",
        "谢谢你们的帮助",
        "小米真行，下次还买",
        "他们家的良心没话说",
        "“大熊”是谁我不认识",
        "《小米的创新之路》",
        "这一个好用",
        "狗狗很可爱",
        "坐等后续[吃瓜]",
        "又没抢到[允悲]",
    ],
}


def flags(*texts: str | None) -> list[list[str]]:
    return clean(pl.Series(texts, dtype=pl.String)).select(audit_flags(pl.col("words"))).to_series().to_list()


@pytest.mark.parametrize(("flag", "text"), [(flag, text) for flag, texts in MARKED.items() for text in texts])
def test_texts_with_flags(flag, text):
    [found] = flags(text)
    assert flag in found


@pytest.mark.parametrize(("flag", "text"), [(flag, text) for flag, texts in UNMARKED.items() for text in texts])
def test_texts_without_flags(flag, text):
    [found] = flags(text)
    assert flag not in found


def test_flags_are_lists_in_one_order_and_mostly_empty():
    assert flags("好家伙，据悉小米又涨价了？", "太失望了", "", None) == [
        ["question", "news_like", "irony_cue"],
        [],
        [],
        [],
    ]
    assert AUDIT_FLAGS == ("question", "news_like", "irony_cue")
    assert flags() == []


@pytest.mark.parametrize("text", ["？" * 100_000, "【" * 100_000, "好" * 100_000, "“" * 50_000 + "”" * 50_000])
def test_arbitrary_texts_are_accepted(text):
    assert len(flags(text)) == 1
