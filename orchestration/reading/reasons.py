"""Why a day has to be read again: its recorded inputs compared with the current ones, in words."""

from collections.abc import Iterable, Sequence

from orchestration.reading.inputs import DayInputs, Input

EARLIER_RELEASE = "read by an earlier release"
_CHANGED = {
    "raw": "raw files have changed",
    "code": "the code that reads posts has changed",
    "model": "the sentiment model has changed",
    "names": "names of brands, words or accounts have changed",
    "aliases": "aliases have changed",
    "labels": "labels have changed",
    "relevance_labels": "relevance labels have changed",
}
# The reasons for which a new release reads days again.
BY_A_RELEASE = frozenset({EARLIER_RELEASE, _CHANGED["code"]})


def reasons_to_read(recorded: Iterable[Input], current: DayInputs) -> list[str]:
    """What differs between the inputs from which a day was read and the current ones, some words each.

    None recorded means that an earlier release read the day, which did not record them; no current ones, that its raw
    files are gone. Nothing differs after a run that was interrupted while it wrote the day.
    """
    before = {(one.kind, one.name): one.fingerprint for one in recorded}
    after = {(one.kind, one.name): one.fingerprint for one in current.inputs}
    if not after:
        return ["raw files are gone"]
    if not before:
        return [EARLIER_RELEASE]
    differing = [key for key in (after | before) if after.get(key) != before.get(key)]
    kinds = [kind for kind, _ in differing]
    topics = sorted(name for kind, name in differing if kind == "topic")
    reasons = [_CHANGED[kind] for kind in _CHANGED if kind in kinds]
    reasons += [_reason_of_topic(name, ("topic", name) in before, ("topic", name) in after) for name in topics]
    stances = [name for kind, name in differing if kind == "stance" and name not in topics]
    if stances and "model" not in kinds:
        reasons.append(f"other topics' brands, at which the stance of {', '.join(sorted(stances))} ends, have changed")
    return reasons


def topics_to_read(recorded: Sequence[Input], current: DayInputs) -> list[str]:
    """The ids of the topics that the day is matched with again: those that changed, all of them if its posts did."""
    changed = {*recorded} ^ {*current.inputs}
    if any(one.kind in ("raw", "code") for one in changed):
        changed |= {*current.inputs}
    return sorted({one.name for one in changed if one.name})


def _reason_of_topic(topic_id: str, was_read: bool, is_current: bool) -> str:
    if not was_read:
        return f"not read for topic {topic_id}"
    return f"the rules of topic {topic_id} have changed" if is_current else f"no longer part of topic {topic_id}"
