"""The words and constants that several stations share, each once.

SQL has them as dbt variables of the same names (dbt_project.yml); a test compares the two.
"""

from typing import Literal, get_args

Sentiment = Literal["negative", "neutral", "positive"]
SENTIMENTS: tuple[Sentiment, ...] = get_args(Sentiment)

# The phases of an event, in order: 潜伏, 发酵, 爆发, 回落, 消退.
Phase = Literal["latent", "fermenting", "outbreak", "declining", "fading"]
PHASES: tuple[Phase, ...] = get_args(Phase)

# Who an account is, as far as is known (event_voices): the brand's own, an organisation, media or government, an
# opinion leader, anybody else, or an account whose profile was not read.
VoiceKind = Literal["official", "organisation", "kol", "ordinary", "unknown"]
VOICE_KINDS: tuple[VoiceKind, ...] = get_args(VoiceKind)

# The golden hours of crisis communication (黄金 24 小时): a statement within them is in time.
GOLDEN_HOURS = 24
# The age at which a post's interactions count as settled; they change little after three days.
MATURE_HOURS = 72
# The normal quantile of a two-sided 95% interval.
Z_95 = 1.959964
