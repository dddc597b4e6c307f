"""Vocabulary and constants that several parts of the pipeline share, each defined once.

SQL uses dbt variables of the same names (dbt_project.yml); a test compares the two.
"""

from typing import Literal, get_args

Sentiment = Literal["negative", "neutral", "positive"]
SENTIMENTS: tuple[Sentiment, ...] = get_args(Sentiment)

# The phases of an event, in order: 潜伏, 发酵, 爆发, 回落, 消退.
Phase = Literal["latent", "fermenting", "outbreak", "declining", "fading"]
PHASES: tuple[Phase, ...] = get_args(Phase)

# Kinds of accounts in event_voices: the brand's own; organisations, media and government; opinion leaders (KOL,
# 意见领袖); everybody else; accounts whose follower count was never observed.
VoiceKind = Literal["official", "organisation", "kol", "ordinary", "unknown"]
VOICE_KINDS: tuple[VoiceKind, ...] = get_args(VoiceKind)

# The golden hours of crisis communication (黄金 24 小时): a statement within this many hours is in time.
GOLDEN_HOURS = 24
# Age in hours from which a post's interactions count as settled: they change little after three days.
MATURE_HOURS = 72
# Confidence level of every interval, and the normal quantile of such a two-sided interval.
CONFIDENCE = 0.95
Z_95 = 1.959964
