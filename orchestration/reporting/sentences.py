"""The text of a report: sentences that follow by rule from the figures of the ledger.

A sentence names its denominator and marks provisional numbers. It does not infer attitudes from shares of interactions
without the cross-tab, and speaks of the platforms collected, never of the whole web.
"""

from orchestration.reporting.facts import Facts, Sentence, mark_provisional
from orchestration.reporting.sentiment_sentences import sentiment_summary
from orchestration.reporting.trend_sentences import latency, peak


def banners(facts: Facts) -> list[Sentence]:
    """Warnings that a reader needs before any number."""
    sentences = []
    if facts.value("synthetic_posts"):
        sentences.append(
            Sentence(
                "本报告的[synthetic_posts]条帖子来自沙箱，是为演示与测试生成的合成数据，不是真实言论。",
                "The [synthetic_posts] posts of this report come from the sandbox. They are synthetic data for "
                "demonstration and tests, not real statements.",
            )
        )
    if facts.has("rows_from"):
        sentences.append(
            Sentence(
                "本话题后来的统计失败了，以下仍是[rows_from]（东八区时间）发布的数字，不含此后采集的内容。",
                "Later builds of this topic failed. These are its figures as published at [rows_from] (China time), "
                "without what has been collected since.",
            )
        )
    if facts.volume_is_provisional and facts.has("volume"):
        why = (
            Sentence("监测期尚未结束", "the window has not ended")
            if not facts.window_is_over
            else Sentence("有平台日没有采集完整", "some days of some platforms are incomplete")
        )
        sentences.append(
            Sentence(f"声量与互动量均为暂定：{why.zh}。", f"Volume and interactions are provisional: {why.en}.")
        )
    elif facts.interactions_are_provisional:
        gone = Sentence("", "")
        if facts.value("gone_posts"):
            gone = Sentence("，或出自已经消失的帖子", " or belong to posts that are gone")
        sentences.append(
            Sentence(
                f"互动量为暂定：只有[mature_share]的互动是在发布[mature_hours]小时之后观测的{gone.zh}，其余还会增长。",
                "Interactions are provisional: only [mature_share] of them were observed at least [mature_hours] hours "
                f"after posting{gone.en}; the others will still grow.",
            )
        )
    if facts.context.is_floor:
        sentences.append(
            Sentence(
                "互动量是下限：有的计数平台只显示到“以上”，或没有显示。",
                'Interactions are a lower bound: the sites show some counts as "or more", or not at all.',
            )
        )
    return sentences


def empty_reasons(facts: Facts) -> list[Sentence]:
    """Why there is nothing to report; an empty list if there are posts."""
    if facts.value("volume"):
        return []
    if facts.value("unread_days"):
        return [
            Sentence(
                "采集到的帖子还没有按话题现行的规则读取，所以声量未知，不是零。",
                "The posts collected have not been read by the topic's current rules yet, so the volume is unknown, "
                "not zero.",
            )
        ]
    if not facts.has("volume") or not facts.platforms:
        return [
            Sentence(
                "没有任何平台采集到可用数据，所以声量未知，不是零。原因见“未能采集”一节。",
                "No platform returned usable data, so the volume is unknown, not zero. The section “What could not be "
                "collected” gives the reasons.",
            )
        ]
    zh, en = facts.scope
    return [
        Sentence(
            f"{zh}在[window.start]至{_end(facts).zh}没有发现相关帖子。",
            f"No posts about the topic were found on {en} from [window.start] to {_end(facts).en}.",
        )
    ]


def summary(facts: Facts) -> list[Sentence]:
    """The main findings."""
    if empty_reasons(facts):
        return empty_reasons(facts)
    zh, en = facts.scope
    end = _end(facts)
    sentences = [
        Sentence(
            f"[window.start]至{end.zh}，{zh}共有[volume]条相关帖子（近似重复合并后[distinct_volume]条）"
            + ("，获得[interactions]次互动" if facts.has("interactions") else "；平台没有显示互动计数，互动量未知")
            + "。",
            f"From [window.start] to {end.en}, {en} have [volume] posts about the topic ([distinct_volume] after "
            "merging near-duplicates)"
            + (
                ", with [interactions] interactions"
                if facts.has("interactions")
                else "; the platforms show no counts, so interactions are unknown"
            )
            + ".",
        )
    ]
    sentences += _leaders(facts) + peak(facts) + sentiment_summary(facts)
    return mark_provisional(facts, sentences) + latency(facts)


def platforms(facts: Facts) -> list[Sentence]:
    """The platforms' shares of volume and interactions, and how skewed interactions are."""
    sentences = []
    if len(facts.platforms) > 1 and facts.value("volume"):
        sentences += _shares_of_volume(facts) + _shares_of_interactions(facts)
    if facts.has("interactions_per_post") and facts.value("volume") > 1:
        sentences.append(
            Sentence(
                "平均每帖[interactions_per_post]次互动，中位数[interactions_median]次；互动最多的十条占全部互动的"
                "[top10_share]，所以平均数不代表一条普通的帖子。",
                "A post has [interactions_per_post] interactions on average; the median is [interactions_median]. The "
                "top ten posts have [top10_share] of all interactions, so the mean does not represent a typical post.",
            )
        )
    return mark_provisional(facts, sentences)


def coverage(facts: Facts) -> list[Sentence]:
    """How many platform-days were collected completely, and on how many days posts are not read yet."""
    return _complete_days(facts) + _unread_days(facts)


def _complete_days(facts: Facts) -> list[Sentence]:
    if not facts.value("platform_days"):
        return [Sentence("没有采集记录。", "There are no collection records.")]
    if facts.is_complete:
        return [
            Sentence(
                "[platform_days]个平台日（平台×日）全部采集完整：当日结束之后，每个查询都得到了完整的回答。",
                "All [platform_days] platform-days were collected completely: after the end of each day, every query "
                "was answered in full.",
            )
        ]
    return [
        Sentence(
            "[platform_days]个平台日（平台×日）中，[complete_platform_days]个采集完整；其余的日子没有数字，或者只有部分数字，"
            "不当作零。",
            "Of [platform_days] platform-days, [complete_platform_days] were collected completely. The others have no "
            "numbers or partial numbers, and do not count as zero.",
        )
    ]


def _unread_days(facts: Facts) -> list[Sentence]:
    if not facts.value("unread_days"):
        return []
    return [
        Sentence(
            "监测期内有[unread_days]天的帖子还没有按话题现行的规则读取，这些天的数字未知或者不全，不当作零。",
            "On [unread_days] days of the window, posts have not been read by the topic's current rules yet. The "
            "numbers of these days are unknown or partial, and do not count as zero.",
        )
    ]


def gone_posts(facts: Facts) -> list[Sentence]:
    """How many posts a later crawl no longer found."""
    if not facts.value("gone_posts"):
        return []
    return [
        Sentence(
            "声量中有[gone_posts]条帖子，后来的完整采集已经找不到（被删除或被隐藏）；它们照样计数，互动量取最后一次观测的值。",
            "A later complete crawl no longer found [gone_posts] of the posts: they were deleted or hidden. They still "
            "count, with the interactions that were observed last.",
        )
    ]


def stale_days(facts: Facts) -> list[Sentence]:
    """How many days are still built from earlier rules, labels, models or raw files."""
    if not facts.value("stale_days"):
        return []
    if facts.value("stale_days") > 1:
        zh, en = (
            "（[stale_days.first]至[stale_days.last]）",
            "days of the window ([stale_days.first] to [stale_days.last])",
        )
    else:
        zh, en = "（[stale_days.first]）", "day of the window ([stale_days.first])"
    return [
        Sentence(
            f"监测期内有[stale_days]天{zh}的数据尚未更新，仍依据较早的配置、标注、模型或原始数据；更新后数字可能变化。",
            f"Not rebuilt yet: [stale_days] {en}. The numbers there follow from an earlier configuration or model, or "
            "from earlier labels or raw data, and may change.",
        )
    ]


def scope_note(facts: Facts) -> list[Sentence]:
    """The population that the numbers describe."""
    zh, en = facts.scope
    return [
        Sentence(
            f"所有占比以{zh}上、监测期内、由查询词找到并匹配话题的帖子为分母，不代表其他平台，也不代表没有被查询词找到的帖子。",
            f"All shares refer to the posts on {en} that the queries found in the window and that match the topic. "
            "They do not represent other platforms, or posts that the queries did not find.",
        )
    ]


def _end(facts: Facts) -> Sentence:
    """The end of the period: that of the window, or the moment of the report."""
    if facts.has("window.end"):
        return Sentence("[window.end]", "[window.end]")
    return Sentence("[as_of]（监测期未设终点）", "[as_of] (the window has no end)")


def _leaders(facts: Facts) -> list[Sentence]:
    """The platforms with the most posts and the most interactions."""
    if len(facts.platforms) < 2:
        return []
    by_volume = facts.platforms[0]
    sentence = Sentence(
        f"{facts.names(by_volume).zh}贡献声量的[volume_share.{by_volume}]",
        f"{facts.names(by_volume).en} has [volume_share.{by_volume}] of the posts",
    )
    by_interactions = max(facts.platforms, key=lambda one: (facts.value(f"interactions.{one}"), one))
    if facts.value(f"interactions.{by_interactions}"):
        sentence = Sentence(
            f"{sentence.zh}，{facts.names(by_interactions).zh}占互动量的[interaction_share.{by_interactions}]",
            f"{sentence.en}, {facts.names(by_interactions).en} [interaction_share.{by_interactions}] of the "
            "interactions",
        )
    return [Sentence(f"{sentence.zh}（以所采集平台为分母）。", f"{sentence.en}, of the platforms collected.")]


def _shares_of_volume(facts: Facts) -> list[Sentence]:
    """The share of each platform, the largest first."""
    zh, en = facts.scope
    first, *rest = facts.platforms
    return [
        Sentence(
            f"以{zh}的声量为分母，{facts.names(first).zh}占[volume_share_rounded.{first}]，"
            + "、".join(f"{facts.names(one).zh}占[volume_share_rounded.{one}]" for one in rest)
            + "。",
            f"Of the posts on {en}, {facts.names(first).en} has [volume_share_rounded.{first}], "
            + ", ".join(f"{facts.names(one).en} [volume_share_rounded.{one}]" for one in rest)
            + ".",
        )
    ]


def _shares_of_interactions(facts: Facts) -> list[Sentence]:
    """The two platforms with the most interactions."""
    ranked = sorted(
        (one for one in facts.platforms if facts.value(f"interactions.{one}")),
        key=lambda one: (-facts.value(f"interactions.{one}"), one),
    )
    if len(ranked) < 2:
        return []
    first, second = ranked[:2]
    one, two = facts.names(first), facts.names(second)
    return [
        Sentence(
            f"{one.zh}获得[interactions_rounded.{first}]次互动，占所采集平台互动量的"
            f"[interaction_share.{first}]；{two.zh}[interactions_rounded.{second}]次，占"
            f"[interaction_share.{second}]。",
            f"{one.en} has [interactions_rounded.{first}] interactions, [interaction_share.{first}] of those on the "
            f"platforms collected; {two.en} has [interactions_rounded.{second}], or [interaction_share.{second}].",
        )
    ]
