"""What the enriched versions of a day are made from, input by input, and the fingerprints of these inputs.

``posts`` and ``post_topics`` of a day have fingerprints of their own: after a change of a topic's rules, only the days
of its window are read again, and only their topics. ``enriched.READ_INPUTS`` records the inputs of each version:
planning compares them with the current ones to say why a day is stale, and dbt sees by which rules a day was read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import polars as pl

from core.contracts.enriched import READ_INPUTS, RELEVANCE_LABELS
from core.storage.versions import fingerprint
from orchestration.reading.enrich import CODE_VERSION, AnalysisInputs
from orchestration.reading.labelled_days import LabelledDays
from orchestration.reading.segmentation import user_words
from orchestration.reading.stance import brand_names
from orchestration.reading.topics import names_of_hashtags, words_of_topics

# The version of a day whose raw files are gone (retention, deletion) has this fingerprint and no rows.
GONE = fingerprint(["no raw files"])

_KINDS_OF_POSTS = frozenset({"raw", "code", "model", "names", "aliases", "labels"})
_KINDS_OF_TOPICS = frozenset({"raw", "code", "topic", "stance", "relevance_labels"})


class Input(NamedTuple):
    """One input of a day: a row of ``enriched.READ_INPUTS``."""

    kind: str
    name: str  # the topic_id for the kinds topic, stance and relevance_labels, else empty
    fingerprint: str


@dataclass(frozen=True)
class DayInputs:
    """All inputs of a day; none for a day whose raw files are gone."""

    inputs: tuple[Input, ...]

    @property
    def posts(self) -> str:
        """The fingerprint of the day's version of ``enriched.POSTS``."""
        return self._fingerprint(_KINDS_OF_POSTS)

    @property
    def topics(self) -> str:
        """The fingerprint of the day's version of ``enriched.POST_TOPICS``."""
        return self._fingerprint(_KINDS_OF_TOPICS)

    @property
    def all(self) -> str:
        """The fingerprint of the day's version of ``enriched.READ_INPUTS``."""
        return self._fingerprint(_KINDS_OF_POSTS | _KINDS_OF_TOPICS)

    def table(self) -> pl.DataFrame:
        """The rows of ``enriched.READ_INPUTS``."""
        return pl.DataFrame(self.inputs, schema=READ_INPUTS, orient="row")

    def _fingerprint(self, kinds: frozenset[str]) -> str:
        return fingerprint("\t".join(one) for one in self.inputs if one.kind in kinds) if self.inputs else GONE


NO_RAW_FILES = DayInputs(())


def inputs_of_days(
    raw: Mapping[str, Sequence[str]],
    inputs: AnalysisInputs,
    labelled: LabelledDays,
) -> dict[str, DayInputs]:
    """The inputs of each day, YYYY-MM-DD.

    raw: what identifies the raw files of each day. labelled: the labels of their posts.
    """
    of_all_days = [
        Input("code", "", str(CODE_VERSION)),
        Input("model", "", inputs.classifier.model_id),
        Input("names", "", fingerprint(user_words(inputs.listening))),
        Input("aliases", "", _hash(sorted(names_of_hashtags(inputs.listening.aliases).items()))),
    ]
    rules, stances = topic_rules(inputs), stance_rules(inputs)
    topics = sorted(inputs.listening.topics, key=lambda topic: topic.id)
    days = {}
    for day, files in raw.items():
        of_day = [topic.id for topic in topics if topic.window.includes(date.fromisoformat(day))]
        judged = labelled.relevance_labels.get(day, {})
        days[day] = DayInputs(
            (
                Input("raw", "", fingerprint(files)),
                *of_all_days,
                *([Input("labels", "", labelled.labels[day])] if day in labelled.labels else []),
                *(Input("topic", topic_id, rules[topic_id]) for topic_id in of_day),
                *(Input("stance", topic_id, stances[topic_id]) for topic_id in of_day),
                *(Input("relevance_labels", topic_id, judged[topic_id]) for topic_id in of_day if topic_id in judged),
            )
        )
    return days


def relevance_labels_table(days: Mapping[str, DayInputs]) -> pl.DataFrame:
    """The rows of ``enriched.RELEVANCE_LABELS``, sorted. days: from inputs_of_days."""
    rows = [
        (one.name, date.fromisoformat(day), one.fingerprint)
        for day, of_day in days.items()
        for one in of_day.inputs
        if one.kind == "relevance_labels"
    ]
    return pl.DataFrame(rows, schema=RELEVANCE_LABELS, orient="row").sort(pl.all())


def topic_rules(inputs: AnalysisInputs) -> dict[str, str]:
    """For each topic_id: the fingerprint of what decides which posts are the topic's, and of its brand's names.

    Not the window, which decides on which days the rules apply, nor the model and other topics' brands, which change
    the stance of posts but not which posts are the topic's (stance_rules). The order of words makes no difference.
    """
    aliases = sorted(names_of_hashtags(inputs.listening.aliases).items())
    return {
        topic.id: _hash(
            [
                words_of_topics([topic]).select("role", "weight", "key", "word").sort(pl.all()).rows(),
                # Without defaults, so that an option that a later release adds changes no rules.
                topic.match.model_dump(mode="json", exclude={"any", "all", "none"}, exclude_defaults=True),
                topic.relevance.model_dump(mode="json", exclude={"for_", "against"}, exclude_defaults=True),
                sorted(topic.platforms),
                sorted(brand_names(topic, inputs.listening)),
                aliases,
                inputs.relevance_models[topic.id].sort(pl.all()).rows() if topic.id in inputs.relevance_models else [],
            ]
        )
        for topic in inputs.listening.topics
    }


def stance_rules(inputs: AnalysisInputs) -> dict[str, str]:
    """For each topic_id: the fingerprint of what the stance of its posts depends on besides the topic's rules."""
    names = {topic.id: set(brand_names(topic, inputs.listening)) for topic in inputs.listening.topics}
    every_name = set().union(*names.values())
    return {topic_id: _hash([inputs.classifier.model_id, sorted(every_name - own)]) for topic_id, own in names.items()}


def _hash(content: object) -> str:
    return fingerprint([json.dumps(content, ensure_ascii=False, sort_keys=True)])
