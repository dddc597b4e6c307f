"""Why a day has to be read again: its recorded inputs compared with the current ones, in words."""

from collections.abc import Iterable, Sequence

from orchestration.reading.inputs import DayInputs, Input

EARLIER_RELEASE = "read by an earlier release"
NOT_READ = "not read yet"
_GONE = "raw files are gone"
_CHANGED = {
    "raw": "raw files have changed",
    "code": "the code that reads posts has changed",
    "model": "the sentiment model has changed",
    "names": "names of brands, words or accounts have changed",
    "aliases": "aliases have changed",
    "labels": "labels have changed",
    "relevance_labels": "relevance labels have changed",
}
_NAMED = 5  # topics of a reason; the others are counted
# The reasons for which a new release reads days again.
BY_A_RELEASE = frozenset({EARLIER_RELEASE, _CHANGED["code"]})


def reasons_to_read(recorded: Iterable[Input] | None, current: DayInputs) -> list[str]:
    """What differs between the inputs from which a day was read and the current ones, some words each.

    recorded: None if an earlier release read the day, which did not record them; none for a day that was emptied, since
    its raw files were gone or it was before history_start. No current ones: the raw files are gone. Nothing differs
    after a run that was interrupted while it wrote the day.
    """
    if recorded is None:
        return [EARLIER_RELEASE] if current.inputs else [_GONE]
    before = {(one.kind, one.name): one.fingerprint for one in recorded}
    after = {(one.kind, one.name): one.fingerprint for one in current.inputs}
    if not after:
        return [_GONE]
    if not before:
        return [NOT_READ]
    differing = [key for key in (after | before) if after.get(key) != before.get(key)]
    kinds = [kind for kind, _ in differing]
    topics = {name for kind, name in differing if kind == "topic"}
    had, has = ({name for kind, name in keys if kind == "topic"} for keys in (before, after))
    reasons = [_CHANGED[kind] for kind in _CHANGED if kind in kinds]
    for what, names in (
        ("not read for {}", topics - had),
        ("no longer part of {}", topics - has),
        ("the rules of {} have changed", topics & had & has),
    ):
        if names:
            reasons.append(what.format(topics_in_words(names)))
    stances = {name for kind, name in differing if kind == "stance"} - topics
    if stances and "model" not in kinds:
        them = topics_in_words(stances)
        reasons.append(f"other topics' brands, at which the stance of {them} ends, have changed")
    return reasons


def topics_in_words(names: Iterable[str]) -> str:
    """Topics by their ids, such as "topics kol, phones and 3 more"."""
    ids = sorted(names)
    more = [f"{len(ids) - _NAMED} more"] if len(ids) > _NAMED else []
    *first, last = [*ids[:_NAMED], *more]
    return f"topics {', '.join(first)} and {last}" if first else f"topic {last}"


def topics_to_read(recorded: Sequence[Input], current: DayInputs) -> list[str]:
    """The ids of the topics that the day is matched with again: those that changed, all of them if its posts did."""
    changed = {*recorded} ^ {*current.inputs}
    if any(one.kind in ("raw", "code") for one in changed):
        changed |= {*current.inputs}
    return sorted({one.name for one in changed if one.name})
