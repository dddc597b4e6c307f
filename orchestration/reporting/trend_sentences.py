"""The report's sentences on the course of the event: peak, phases, response time."""

from itertools import pairwise

from orchestration.reporting.facts import PHASE_NAMES, Facts, Sentence, mark_provisional


def trend(facts: Facts) -> list[Sentence]:
    """The peak, a fall before it, the phases, and the brand's response time."""
    return mark_provisional(facts, peak(facts) + _fall_before_peak(facts) + _phases(facts)) + latency(facts)


def latency(facts: Facts) -> list[Sentence]:
    """The time from the onset to the brand's first statement, compared with the golden hours."""
    if not facts.has("statement"):
        if not facts.has("onset"):
            return []
        return [
            Sentence(
                "监测期内没有采集到品牌官方账号的声明，响应时长无从计算。",
                "No statement by the brand's official accounts was collected, so the response time is unknown.",
            )
        ]
    if not facts.has("response_latency"):
        return [Sentence("品牌首份声明见于[statement]。", "The brand's first statement dates from [statement].")]
    if facts.value("response_latency") > facts.value("golden_hours"):
        verdict = Sentence("超过[golden_hours]小时", "over [golden_hours] hours")
    else:
        verdict = Sentence("在[golden_hours]小时之内", "within [golden_hours] hours")
    return [
        Sentence(
            f"从起始（[onset]）到品牌首份声明（[statement]）历时[response_latency]小时，{verdict.zh}。",
            "[response_latency] hours passed between the onset ([onset]) and the brand's first statement "
            f"([statement]): {verdict.en}.",
        )
    ]


def peak(facts: Facts) -> list[Sentence]:
    """The day and the hour with the most posts."""
    figure = facts.ledger.figures.get("peak_date")
    if not figure or not figure.moment or not facts.has(f"volume.{figure.moment.date()}"):
        return []
    day = figure.moment.date()
    has_hour = facts.has("peak_hour")
    return [
        Sentence(
            f"声量在[peak_date]最高，为[volume.{day}]条" + ("，最高的一小时始于[peak_hour]" if has_hour else "") + "。",
            f"Volume peaked on [peak_date] with [volume.{day}] posts"
            + ("; the busiest hour started at [peak_hour]" if has_hour else "")
            + ".",
        )
    ]


def _fall_before_peak(facts: Facts) -> list[Sentence]:
    """The last new low of the main platform before its peak: a day with fewer posts than every day before it."""
    if not facts.platforms:
        return []
    main = facts.platforms[0]
    days = facts.context.days
    counts = {day: facts.ledger.value(f"volume.{main}.{day}") for day in days}
    if not days or None in counts.values():
        return []
    peak_day = max(days, key=lambda day: counts[day] or 0)
    # The ledger has a cumulative volume for each day before a new low (event_daily.next_day_is_new_low).
    falls = [
        (before, low)
        for before, low in pairwise(days)
        if low < peak_day and facts.has(f"cumulative_volume.{main}.{before}")
    ]
    if not falls:
        return []
    previous, trough = falls[-1]
    name = facts.names(main)
    return [
        Sentence(
            f"高峰之前并不是平静之后的上升：{name.zh}在[day.{days[0]}]至[day.{previous}]已有"
            f"[cumulative_volume.{main}.{previous}]条，[day.{trough}]反而降到[volume.{main}.{trough}]条。",
            f"The peak was not preceded by a quiet period: {name.en} had [cumulative_volume.{main}.{previous}] posts "
            f"from [day.{days[0]}] to [day.{previous}], then fell to [volume.{main}.{trough}] on [day.{trough}].",
        )
    ]


def _phases(facts: Facts) -> list[Sentence]:
    """The phases with their start and volume."""
    rows = facts.context.rows["event_phases"]
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
    sentences = [
        Sentence(
            "阶段：" + "；".join(part.zh for part in parts) + "。",
            "Phases: " + "; ".join(part.en for part in parts) + ".",
        )
    ]
    last = rows[-1]
    if last["is_censored"]:
        zh, en = PHASE_NAMES[last["phase"]]
        sentences.append(
            Sentence(
                f"数据到{zh}阶段为止，之后如何没有观测，不能说已经回落。",
                f"The data ends in the {en} phase. What followed was not observed, so a decline cannot be concluded.",
            )
        )
    return sentences
