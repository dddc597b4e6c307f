"""The report's sentences on sentiment."""

from core.vocabulary import SENTIMENTS, Sentiment
from orchestration.reporting.facts import SENTIMENT_NAMES, Facts, Sentence, has_sentiment, mark_provisional

# How shares were corrected (event_sentiment.correction).
CORRECTIONS = {
    "analyst": Sentence(
        "全部帖子都有分析师标注，区间只含抽样误差",
        "all posts are labelled by analysts; the interval covers sampling error only",
    ),
    "ppi": Sentence(
        "由分析师的审计样本校正（预测增强推断），区间含抽样误差与分类误差",
        "corrected with the analysts' audit sample (prediction-powered inference); the interval covers sampling and "
        "classification error",
    ),
    "emq": Sentence(
        "没有足够的审计标注，由分类器概率重新加权校正（EMQ），区间含抽样误差与分类误差",
        "too few audit labels, so the classifier's probabilities are re-weighted (EMQ); the interval covers sampling "
        "and classification error",
    ),
}
# Difference between a sentiment's shares of interactions and of volume from which a sentence reports it.
NOTABLE_DIFFERENCE = 0.1


def sentiment(facts: Facts) -> list[Sentence]:
    """Shares with their intervals, both net sentiment ratios, and which platform the interactions come from."""
    if not has_sentiment(facts):
        return [
            Sentence(
                "没有可用的情感标注，本节不给数字。",
                "No sentiment labels are available for these posts, so this section has no numbers.",
            )
        ]
    sentences = _sentiment_shares() + mixed_models(facts)
    sentences += [
        Sentence(
            f"校正后负面占[corrected_share.negative]（[corrected_share_low.negative]–[corrected_share_high.negative]）："
            f"{CORRECTIONS[one].zh}。",
            "After correction, [corrected_share.negative] are negative ([corrected_share_low.negative] to "
            f"[corrected_share_high.negative]): {CORRECTIONS[one].en}.",
        )
        for one in facts.context.corrections[:1]
        if facts.has("corrected_share.negative")
    ]
    if facts.value("analyst_volume") and facts.has("model_share.negative"):
        sentences.append(
            Sentence(
                "其中[analyst_volume]条的标签来自分析师；若只用分类器，负面占[model_share.negative]。",
                "[analyst_volume] posts were labelled by analysts; with the classifier alone, [model_share.negative] "
                "would be negative.",
            )
        )
    sentences += _net_sentiment(facts)
    sentences += [sentence for name in SENTIMENTS for sentence in _interactions_by_label(facts, name)]
    return mark_provisional(facts, sentences)


def mixed_models(facts: Facts) -> list[Sentence]:
    """Which models the shares of sentiments mix; nothing if one model judged all posts."""
    if facts.context.mixed_models is None:
        return []
    names = f"⟦{facts.context.mixed_models}⟧"
    return [
        Sentence(
            f"这些帖子的情感由不止一个模型判断（{names}）。各模型的判断标准不同，所以情感占比混合了几种标准，也不给校正后的占比。",
            f"More than one model judged the sentiment of these posts ({names}). Models judge differently, so the "
            "shares of sentiments mix their standards, and there is no corrected share.",
        )
    ]


def sentiment_summary(facts: Facts) -> list[Sentence]:
    """The sentences on sentiment that the summary contains."""
    if not has_sentiment(facts):
        return sentiment(facts)
    sentences = [*_sentiment_shares()[:1], *mixed_models(facts), *_net_sentiment(facts)]
    return sentences + [sentence for name in SENTIMENTS for sentence in _interactions_by_label(facts, name)]


def _sentiment_shares() -> list[Sentence]:
    return [
        Sentence(
            "全部[volume]条帖子中，负面[sentiment_volume.negative]条，占[sentiment_share.negative]（[confidence]的威尔逊区间"
            "[sentiment_share_low.negative]–[sentiment_share_high.negative]），中性占[sentiment_share.neutral]，正面占"
            "[sentiment_share.positive]。",
            "Of all [volume] posts, [sentiment_volume.negative] are negative, or [sentiment_share.negative] "
            "([confidence] Wilson interval [sentiment_share_low.negative] to [sentiment_share_high.negative]); "
            "[sentiment_share.neutral] are neutral and [sentiment_share.positive] positive.",
        ),
        Sentence(
            "近似重复的帖子只算一个独立声音时，负面占比的区间是[sentiment_share_groups_low.negative]–"
            "[sentiment_share_groups_high.negative]。",
            "If near-duplicates count as one independent post, the interval of the negative share is "
            "[sentiment_share_groups_low.negative] to [sentiment_share_groups_high.negative].",
        ),
    ]


def _net_sentiment(facts: Facts) -> list[Sentence]:
    if not facts.has("nsr_polar"):
        return []
    return [
        Sentence(
            "净情感度有两种算法：只看正负面为[nsr_polar]，以全部帖子为分母为[nsr_total]。",
            "Net sentiment is [nsr_polar] based on positive and negative posts, (P−N)/(P+N), and [nsr_total] based on "
            "all posts, (P−N)/all.",
        )
    ]


def _interactions_by_label(facts: Facts, name: Sentiment) -> list[Sentence]:
    """For a sentiment whose share of interactions differs notably from its share of posts: the main platform."""
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
            f"Posts labelled {en} are [{of_posts}] of the posts and have [{share}] of the interactions, "
            f"[platform_share_of_sentiment.{main}.{name}] of which come from {platform.en}. The label describes the "
            "post, not the attitude of those who interacted; the cross-tab shows each platform.",
        )
    ]
