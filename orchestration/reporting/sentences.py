"""What a report says in words: sentences that follow by rule from the ledger's figures.

A sentence names its denominator, calls a provisional number provisional, reads no mood from a share of interactions
without the cross-tab, and speaks of the platforms that were collected, never of the whole web. Figures stand in square
brackets by their id, quoted data between ⟦ and ⟧; the template prints both.
"""

import re
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from orchestration.reporting.display import day_of
from orchestration.reporting.ledger import Ledger
from orchestration.reporting.material import Material
from orchestration.reporting.specs import SENTIMENTS

SENTIMENT_NAMES = {
    "negative": ("负面", "negative"),
    "neutral": ("中性", "neutral"),
    "positive": ("正面", "positive"),
}
PHASE_NAMES = {
    "latent": ("潜伏", "latent"),
    "fermenting": ("发酵", "fermenting"),
    "outbreak": ("爆发", "outbreak"),
    "declining": ("回落", "declining"),
    "fading": ("消退", "fading"),
}
# event_phases.rule says the same in English, with the numbers that decided.
PHASE_RULES_ZH = {
    "latent": "起始之前；没有找到起始时，是全部时段。",
    "fermenting": "从起始到峰值水平的一半。起始是警报所在的上升开始的那一小时：每小时声量的变点（PELT，泊松代价）。",
    "outbreak": "达到峰值水平的一半及以上。峰值水平是持续一天以上的最高日均声量。",
    "declining": "低于峰值水平的一半。",
    "fading": "低于峰值水平的十分之一，直到数据结束。",
}
CORRECTIONS = {
    "analyst": (
        "全部帖子都有分析员标注，区间只含抽样误差",
        "every post is labelled by analysts; the interval is sampling error",
    ),
    "ppi": (
        "由分析员的审计样本校正（预测增强推断），区间含抽样误差与分类误差",
        "corrected by the analysts' audit (prediction-powered inference); the interval holds both errors",
    ),
    "emq": (
        "没有足够的审计标注，由分类器概率重新加权校正（EMQ），区间含抽样误差与分类误差",
        "too few audit labels: the classifier's probabilities re-weighted (EMQ); the interval holds both errors",
    ),
}
# From this difference between a sentiment's share of interactions and of volume on, a sentence speaks of it.
NOTABLE_DIFFERENCE = 0.1


# Metrics of dim_metrics that move while posts are still found, and while their counts still grow.
_COUNTED_IN_POSTS = {
    "volume",
    "distinct_volume",
    "authors",
    "volume_share",
    "sentiment_share",
    "corrected_sentiment_share",
    "nsr_polar",
    "nsr_total",
}
_COUNTED_IN_INTERACTIONS = {
    "interactions",
    "interaction_share",
    "interactions_per_post",
    "interactions_median",
    "sentiment_interaction_share",
    "top10_share",
}
_FIGURE = re.compile(r"\[([^\[\]]+)\]")


class Sentence(NamedTuple):
    """In both languages."""

    zh: str
    en: str


class Facts(NamedTuple):
    ledger: Ledger
    material: Material

    def has(self, figure_id: str) -> bool:
        figure = self.ledger.figures.get(figure_id)
        return figure is not None and (figure.value is not None or figure.moment is not None)

    def value(self, figure_id: str) -> float:
        """A number, 0 where there is none."""
        return self.ledger.value(figure_id) or 0

    @property
    def is_complete(self) -> bool:
        """Every platform's every day was collected in full."""
        return self.has("platform_days") and self.value("complete_platform_days") == self.value("platform_days")

    @property
    def volume_is_provisional(self) -> bool:
        return not self.is_complete or not self.window_is_over

    @property
    def interactions_are_provisional(self) -> bool:
        return self.volume_is_provisional or (self.has("mature_share") and self.value("mature_share") < 1)

    @property
    def window_is_over(self) -> bool:
        as_of = self.ledger.figures["as_of"].moment
        return self.material.end is not None and as_of is not None and day_of(as_of) > self.material.end

    @property
    def platforms(self) -> list[str]:
        """Those with a number, the most posts first."""
        return [row["platform"] for row in self.material.rows["event_platforms"] if row["volume"] is not None]

    def names(self, platform: str) -> Sentence:
        return Sentence(self.material.platform_name(platform, "zh"), self.material.platform_name(platform, "en"))

    @property
    def scope(self) -> Sentence:
        if self.value("platforms.collected") == 1:
            only = self.names(self.platforms[0])
            return Sentence(f"所采集的唯一平台{only.zh}", f"the only platform collected, {only.en},")
        return Sentence("所采集的[platforms.collected]个平台", "the [platforms.collected] platforms collected")


def banners(facts: Facts) -> list[Sentence]:
    """What a reader has to know before any number."""
    found = []
    if facts.value("synthetic_posts"):
        found.append(
            Sentence(
                "本报告的[synthetic_posts]条帖子来自沙箱，是为演示与测试生成的合成数据，不是真实言论。",
                "The [synthetic_posts] posts of this report come from the sandbox: synthetic data, made for "
                "demonstration and tests, nobody's real words.",
            )
        )
    if facts.volume_is_provisional and facts.has("volume"):
        why = (
            Sentence("监测期尚未结束", "the window is still open")
            if not facts.window_is_over
            else Sentence("有平台日没有采集完整", "some days of some platforms were not collected in full")
        )
        found.append(
            Sentence(f"声量与互动量均为暂定：{why.zh}。", f"Volume and interactions are provisional: {why.en}.")
        )
    elif facts.interactions_are_provisional:
        found.append(
            Sentence(
                "互动量为暂定：只有[mature_share]的互动是在发布[mature_hours]小时之后观测的，其余还会增长。",
                "Interactions are provisional: only [mature_share] of them were observed [mature_hours] hours or more "
                "after posting; the rest still grows.",
            )
        )
    if facts.material.is_floor:
        found.append(
            Sentence(
                "互动量是下限：有的计数平台只显示到“以上”，或没有显示。",
                'Interactions are a floor: some counts are shown by the sites as "or more", or not at all.',
            )
        )
    return found


def nothing(facts: Facts) -> list[Sentence]:
    """Why there is nothing to report; empty where there are posts."""
    if facts.value("volume"):
        return []
    if not facts.has("volume") or not facts.platforms:
        return [
            Sentence(
                "没有任何平台采集到可用数据，所以声量未知，不是零。原因见“未能采集”一节。",
                "No platform was collected, so that the volume is unknown, not zero. The reasons stand under "
                "“What could not be collected”.",
            )
        ]
    zh, en = facts.scope
    return [
        Sentence(
            f"{zh}在[window.start]至{_end(facts).zh}没有发现相关帖子。",
            f"No post about the topic was found on {en} from [window.start] to {_end(facts).en}.",
        )
    ]


def summary(facts: Facts) -> list[Sentence]:
    """The main points."""
    if nothing(facts):
        return nothing(facts)
    zh, en = facts.scope
    end = _end(facts)
    found = [
        Sentence(
            f"[window.start]至{end.zh}，{zh}共有[volume]条相关帖子（近似重复合并后[distinct_volume]条）"
            + ("，获得[interactions]次互动" if facts.has("interactions") else "；平台没有显示互动计数，互动量未知")
            + "。",
            f"From [window.start] to {end.en}, {en} hold [volume] posts about the topic ([distinct_volume] once "
            "near-duplicates are merged)"
            + (
                ", with [interactions] interactions"
                if facts.has("interactions")
                else "; no counts are shown, so that interactions are unknown"
            )
            + ".",
        )
    ]
    found += _leaders(facts) + _peak(facts) + _sentiment_summary(facts)
    return _marked(facts, found) + latency(facts)


def platforms(facts: Facts) -> list[Sentence]:
    """Who leads, what they hold, and how far apart posts are."""
    found = []
    named = facts.platforms
    zh, en = facts.scope
    if len(named) > 1 and facts.value("volume"):
        main = facts.names(named[0])
        rest = [(facts.names(one), one) for one in named[1:]]
        found.append(
            Sentence(
                f"以{zh}的声量为分母，{main.zh}占[volume_share_rounded.{named[0]}]，"
                + "、".join(f"{name.zh}占[volume_share_rounded.{one}]" for name, one in rest)
                + "。",
                f"Of the posts of {en}, {main.en} holds [volume_share_rounded.{named[0]}], "
                + ", ".join(f"{name.en} [volume_share_rounded.{one}]" for name, one in rest)
                + ".",
            )
        )
        ranked = sorted(
            (one for one in named if facts.value(f"interactions.{one}")),
            key=lambda one: (-facts.value(f"interactions.{one}"), one),
        )
        if len(ranked) > 1:
            first, second = ranked[:2]
            one, two = facts.names(first), facts.names(second)
            found.append(
                Sentence(
                    f"{one.zh}获得[interactions_rounded.{first}]次互动，占所采集平台互动量的"
                    f"[interaction_share.{first}]；{two.zh}[interactions_rounded.{second}]次，占"
                    f"[interaction_share.{second}]。",
                    f"{one.en} has [interactions_rounded.{first}] interactions, [interaction_share.{first}] of those "
                    f"of the platforms collected; {two.en} [interactions_rounded.{second}], "
                    f"[interaction_share.{second}].",
                )
            )
    if facts.has("interactions_per_post") and facts.value("volume") > 1:
        found.append(
            Sentence(
                "平均每帖[interactions_per_post]次互动，中位数[interactions_median]次；互动最多的十条占全部互动的"
                "[top10_share]，所以平均数不代表一条普通的帖子。",
                "A post has [interactions_per_post] interactions on average and [interactions_median] in the median; "
                "the ten largest hold [top10_share] of all, so the mean is not that of an ordinary post.",
            )
        )
    return _marked(facts, found)


def trend(facts: Facts) -> list[Sentence]:
    """The peak, what came before it, the phases, and the answer."""
    return _marked(facts, _peak(facts) + _before(facts) + _phases(facts)) + latency(facts)


def latency(facts: Facts) -> list[Sentence]:
    """From the onset to the brand's statement, against the golden hours."""
    if not facts.has("statement"):
        if not facts.has("onset"):
            return []
        return [
            Sentence(
                "监测期内没有采集到品牌官方账号的声明，响应时长无从计算。",
                "No statement of the brand's official accounts was collected, so that no response time is given.",
            )
        ]
    if not facts.has("response_latency"):
        return [Sentence("品牌首份声明见于[statement]。", "The brand's first statement is of [statement].")]
    if facts.value("response_latency") > facts.value("golden_hours"):
        verdict = Sentence("超过[golden_hours]小时", "over [golden_hours] hours")
    else:
        verdict = Sentence("在[golden_hours]小时之内", "within [golden_hours] hours")
    return [
        Sentence(
            f"从起始（[onset]）到品牌首份声明（[statement]）历时[response_latency]小时，{verdict.zh}。",
            f"From the onset ([onset]) to the brand's first statement ([statement]) [response_latency] hours passed: "
            f"{verdict.en}.",
        )
    ]


def sentiment(facts: Facts) -> list[Sentence]:
    """Shares with their intervals, both net sentiments, and whose the interactions are."""
    if not has_sentiment(facts):
        return [
            Sentence(
                "没有可用的情感标注，本节不给数字。",
                "No sentiments are known of these posts; this section has no numbers.",
            )
        ]
    found = _sentiment_shares(facts)
    found += [
        Sentence(
            f"校正后负面占[corrected_share.negative]（[corrected_share_low.negative]–[corrected_share_high.negative]）："
            f"{CORRECTIONS[one][0]}。",
            "Corrected, [corrected_share.negative] are negative ([corrected_share_low.negative] to "
            f"[corrected_share_high.negative]): {CORRECTIONS[one][1]}.",
        )
        for one in facts.material.corrections[:1]
        if facts.has("corrected_share.negative")
    ]
    if facts.value("analyst_volume") and facts.has("model_share.negative"):
        found.append(
            Sentence(
                "其中[analyst_volume]条的标签来自分析员；若只用分类器，负面占[model_share.negative]。",
                "The labels of [analyst_volume] posts are analysts'; by the classifier alone [model_share.negative] "
                "would be negative.",
            )
        )
    found += _net_sentiment(facts)
    found += [sentence for name in SENTIMENTS for sentence in _whose_interactions(facts, name)]
    return _marked(facts, found)


def has_sentiment(facts: Facts) -> bool:
    return any(facts.value(f"sentiment_volume.{name}") for name in SENTIMENTS)


def coverage(facts: Facts) -> list[Sentence]:
    """What was asked and answered."""
    if not facts.value("platform_days"):
        return [Sentence("没有采集记录。", "There is no record of any collection.")]
    if facts.is_complete:
        return [
            Sentence(
                "[platform_days]个平台日（平台×日）全部采集完整：当日结束之后，每个查询都得到了完整的回答。",
                "All [platform_days] platform-days were collected in full: every query was answered after the day's "
                "end.",
            )
        ]
    return [
        Sentence(
            "[platform_days]个平台日（平台×日）中，[complete_platform_days]个采集完整；其余的日子没有数字，或者只有部分数字，"
            "不当作零。",
            "Of [platform_days] platform-days, [complete_platform_days] were collected in full; the others have no "
            "numbers or a part, and are not taken for zero.",
        )
    ]


def scope_note(facts: Facts) -> list[Sentence]:
    """What the numbers are of."""
    zh, en = facts.scope
    return [
        Sentence(
            f"所有占比以{zh}上、监测期内、由查询词找到并匹配话题的帖子为分母，不代表其他平台，也不代表没有被查询词找到的帖子。",
            f"All shares are of the posts on {en} that the queries found in the window and that match the topic. They "
            "stand for no other platform, and for no post that the queries did not find.",
        )
    ]


def _marked(facts: Facts, said: list[Sentence]) -> list[Sentence]:
    """The sentences, those with provisional numbers in them marked as such."""
    return [_as_provisional(one) if _is_provisional(facts, one) else one for one in said]


def _is_provisional(facts: Facts, said: Sentence) -> bool:
    numbers = [
        facts.ledger.figures[figure_id]
        for figure_id in _FIGURE.findall(said.zh)
        if facts.ledger.value(figure_id) is not None
    ]
    if facts.volume_is_provisional:
        return any(figure.metric in _COUNTED_IN_POSTS | _COUNTED_IN_INTERACTIONS for figure in numbers)
    return facts.interactions_are_provisional and any(figure.metric in _COUNTED_IN_INTERACTIONS for figure in numbers)


def _as_provisional(said: Sentence) -> Sentence:
    return Sentence(said.zh.removesuffix("。") + "（暂定）。", said.en.removesuffix(".") + " (provisional).")


def _end(facts: Facts) -> Sentence:
    if facts.has("window.end"):
        return Sentence("[window.end]", "[window.end]")
    return Sentence("[as_of]（监测期未设终点）", "[as_of] (the window has no end)")


def _leaders(facts: Facts) -> list[Sentence]:
    if len(facts.platforms) < 2:
        return []
    by_volume = facts.platforms[0]
    found = Sentence(
        f"{facts.names(by_volume).zh}贡献声量的[volume_share.{by_volume}]",
        f"{facts.names(by_volume).en} holds [volume_share.{by_volume}] of the posts",
    )
    by_interactions = max(facts.platforms, key=lambda one: (facts.value(f"interactions.{one}"), one))
    if facts.value(f"interactions.{by_interactions}"):
        found = Sentence(
            f"{found.zh}，{facts.names(by_interactions).zh}占互动量的[interaction_share.{by_interactions}]",
            f"{found.en}, {facts.names(by_interactions).en} [interaction_share.{by_interactions}] of the interactions",
        )
    return [Sentence(f"{found.zh}（以所采集平台为分母）。", f"{found.en}, of the platforms collected.")]


def _peak(facts: Facts) -> list[Sentence]:
    figure = facts.ledger.figures.get("peak_date")
    if not figure or not figure.moment or not facts.has(f"volume.{figure.moment.date()}"):
        return []
    day = figure.moment.date()
    hour = facts.has("peak_hour")
    return [
        Sentence(
            f"声量在[peak_date]最高，为[volume.{day}]条" + ("，最高的一小时始于[peak_hour]" if hour else "") + "。",
            f"Volume is highest on [peak_date], with [volume.{day}] posts"
            + ("; the highest hour begins at [peak_hour]" if hour else "")
            + ".",
        )
    ]


def _before(facts: Facts) -> list[Sentence]:
    """Days before a trough that were louder than it: a rise that begins with a fall."""
    if not facts.platforms:
        return []
    main = facts.platforms[0]
    days = facts.material.days
    counts = {day: facts.ledger.value(f"volume.{main}.{day}") for day in days}
    known = [(day, count) for day, count in counts.items() if count is not None]
    if len(known) < len(days) or len(days) < 3:
        return []
    peak: date = max(known, key=lambda one: one[1])[0]
    trough = min((one for one in known if days[0] < one[0] < peak), key=lambda one: one[1], default=None)
    if not trough or trough[1] >= min(count for day, count in known if day < trough[0]):
        return []
    previous = next(before for before, after in pairwise(days) if after == trough[0])
    name = facts.names(main)
    return [
        Sentence(
            f"高峰之前并不是平静之后的上升：{name.zh}在[day.{days[0]}]至[day.{previous}]已有"
            f"[cumulative_volume.{main}.{previous}]条，[day.{trough[0]}]反而降到[volume.{main}.{trough[0]}]条。",
            f"The peak was not preceded by calm: {name.en} has [cumulative_volume.{main}.{previous}] posts from "
            f"[day.{days[0]}] to [day.{previous}], and on [day.{trough[0]}] fewer, [volume.{main}.{trough[0]}].",
        )
    ]


def _phases(facts: Facts) -> list[Sentence]:
    rows = facts.material.rows["event_phases"]
    if not rows:
        return []
    parts = [
        Sentence(
            f"{PHASE_NAMES[row['phase']][0]}[phase_start.{row['phase']}]起（[phase_volume.{row['phase']}]条）",
            f"{PHASE_NAMES[row['phase']][1]} from [phase_start.{row['phase']}] ([phase_volume.{row['phase']}] posts)",
        )
        for row in rows
        if facts.has(f"phase_start.{row['phase']}")
    ]
    found = [
        Sentence(
            "阶段：" + "；".join(part.zh for part in parts) + "。",
            "Phases: " + "; ".join(part.en for part in parts) + ".",
        )
    ]
    last = rows[-1]
    if last["is_censored"]:
        zh, en = PHASE_NAMES[last["phase"]]
        found.append(
            Sentence(
                f"数据到{zh}阶段为止，之后如何没有观测，不能说已经回落。",
                f"The data ends in the {en} phase; what followed was not observed, and no decline can be told.",
            )
        )
    return found


def _sentiment_summary(facts: Facts) -> list[Sentence]:
    if not has_sentiment(facts):
        return sentiment(facts)
    found = [*_sentiment_shares(facts)[:1], *_net_sentiment(facts)]
    return found + [sentence for name in SENTIMENTS for sentence in _whose_interactions(facts, name)]


def _sentiment_shares(facts: Facts) -> list[Sentence]:
    return [
        Sentence(
            "全部[volume]条帖子中，负面[sentiment_volume.negative]条，占[sentiment_share.negative]（[confidence]的威尔逊区间"
            "[sentiment_share_low.negative]–[sentiment_share_high.negative]），中性占[sentiment_share.neutral]，正面占"
            "[sentiment_share.positive]。",
            "Of all [volume] posts, [sentiment_volume.negative] are negative, [sentiment_share.negative] ([confidence] "
            "Wilson interval [sentiment_share_low.negative] to [sentiment_share_high.negative]); neutral are "
            "[sentiment_share.neutral], positive [sentiment_share.positive].",
        ),
        Sentence(
            "近似重复的帖子只算一个独立声音时，负面占比的区间是[sentiment_share_groups_low.negative]–"
            "[sentiment_share_groups_high.negative]。",
            "With near-duplicates as one voice, the interval of the negative share is "
            "[sentiment_share_groups_low.negative] to [sentiment_share_groups_high.negative].",
        ),
    ]


def _net_sentiment(facts: Facts) -> list[Sentence]:
    if not facts.has("nsr_polar"):
        return []
    return [
        Sentence(
            "净情感度有两种算法：只看正负面为[nsr_polar]，以全部帖子为分母为[nsr_total]。",
            "Net sentiment is [nsr_polar] of the polar posts alone, (P−N)/(P+N), and [nsr_total] of all posts, "
            "(P−N)/all.",
        )
    ]


def _whose_interactions(facts: Facts, name: str) -> list[Sentence]:
    """A sentiment whose share of interactions is far from its share of posts: which platform's they are."""
    share, of_posts = f"sentiment_interaction_share.{name}", f"sentiment_share.{name}"
    if not facts.has(share) or not facts.has(of_posts):
        return []
    if abs(facts.value(share) - facts.value(of_posts)) < NOTABLE_DIFFERENCE or len(facts.platforms) < 2:
        return []
    main = max(facts.platforms, key=lambda one: (facts.value(f"platform_share_of_sentiment.{one}.{name}"), one))
    zh, en = SENTIMENT_NAMES[name]
    platform = facts.names(main)
    return [
        Sentence(
            f"带{zh}标签的帖子占声量的[{of_posts}]、占互动量的[{share}]，这些互动有"
            f"[platform_share_of_sentiment.{main}.{name}]来自{platform.zh}。标签属于帖子，不是互动者的态度；"
            "各平台的构成见交叉表。",
            f"Posts labelled {en} are [{of_posts}] of the posts and hold [{share}] of the interactions, of which "
            f"[platform_share_of_sentiment.{main}.{name}] are {platform.en}'s. The label is the post's, not the mood "
            "of those who interacted; the cross-tab has each platform.",
        )
    ]
