"""The printed figures of a report, each with the range of values that it can stand for.

12.5 stands for 12.45 to 12.55, 31.7万 for 316,500 to 317,500. Bounds are fractions to avoid rounding errors of floats.
"""

import re
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Annotated, Any, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator, model_validator

from core.calendar import TIMEZONE
from core.vocabulary import SENTIMENTS

_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?\s*([万亿]?)", re.ASCII)
_SCALES = {"": 1, "万": 10_000, "亿": 100_000_000}
ALL = "all"  # platforms together, in peak_date
_DAILY = "_daily_volume"
# Parts of a day that a report may name, as hours from and to.
_PARTS_OF_DAY = {"morning": (0, 12), "afternoon": (12, 18), "evening": (18, 24)}


class Range(NamedTuple):
    """The values that a figure can have, both ends included."""

    low: Fraction
    high: Fraction

    def __str__(self) -> str:
        low, high = number(self.low), number(self.high)
        return low if low == high else f"{low} to {high}"

    def meets(self, other: "Range") -> bool:
        """True if the ranges overlap."""
        return self.low <= other.high and other.low <= self.high

    def within(self, other: "Range") -> "Range":
        """The intersection; the ranges must overlap."""
        return Range(max(self.low, other.low), min(self.high, other.high))


class Printed(NamedTuple):
    """A figure as printed, with the range of its values."""

    text: str
    range: Range

    def __str__(self) -> str:
        return self.text


class Moment(NamedTuple):
    """A time as printed, with the first and last moment that it can mean; naive times are in the file's time zone."""

    text: str
    first: datetime
    last: datetime


def number(value: Fraction | int) -> str:
    """Format a number: 3,522, 66.305, -88.53. Exact if three decimals are enough, else rounded to two."""
    text = f"{float(value):,.{3 if 1_000 % value.denominator == 0 else 2}f}"
    return text.rstrip("0").rstrip(".")


def _printed(value: object, unit: str = "") -> Printed:
    text = str(value).strip().replace("\u2212", "-")
    match = _NUMBER.fullmatch(text.removesuffix(unit).rstrip())
    if not isinstance(value, str) or not match:
        raise ValueError(
            f"{value!r} is not a valid figure; write it as printed, such as 3,522, 12.5 or 31.7万, or leave it out"
        )
    sign, whole, decimals, scale = match.groups()
    decimals = decimals or ""
    step = Fraction(_SCALES[scale], 10 ** len(decimals))
    middle = int(f"{sign}{whole.replace(',', '')}{decimals}") * step
    return Printed(text, Range(middle - step / 2, middle + step / 2))


def _count(value: object) -> Printed:
    figure = _printed(value)
    middle = (figure.range.low + figure.range.high) / 2
    if middle < 0:
        raise ValueError(f"{figure} is below 0; a count cannot be")
    if figure.text[-1] in "万亿":
        return Printed(figure.text, Range(max(figure.range.low, Fraction(0)), figure.range.high))
    if "." in figure.text:
        raise ValueError(f"{figure} has decimals; a count is whole, or printed in 万 or 亿")
    return Printed(f"{int(middle):,}", Range(middle, middle))


def _share(value: object) -> Printed:
    figure = _printed(value, "%")
    if not 0 <= sum(figure.range) / 2 <= 100:
        raise ValueError(f"{figure} is not a valid share; write it in percent, from 0 to 100")
    bounds = figure.range.within(Range(Fraction(0), Fraction(100)))
    return Printed(f"{figure.text.removesuffix('%')}%", bounds)


def _signed_percent(value: object) -> Printed:
    figure = _printed(value, "%")
    return Printed(f"{figure.text.removesuffix('%')}%", figure.range)


def _is_day(value: object) -> object:
    # By default pydantic reads 20260101 as seconds since 1970.
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise ValueError(f"{value!r} is not a valid date; write it as YYYY-MM-DD")
    return value


def _by_platform(value: object) -> object:
    """A single day is the peak of all platforms together."""
    return value if isinstance(value, dict) else {ALL: value}


def _moment(value: object) -> Moment:
    text = str(value).strip()
    day, _, part = text.partition(" ")
    try:
        if part in _PARTS_OF_DAY:
            start = datetime.combine(date.fromisoformat(day), time())
            first, last = (start + timedelta(hours=hours) for hours in _PARTS_OF_DAY[part])
            return Moment(text, first, last)
        start = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{value!r} is not a valid time; write YYYY-MM-DD, optionally with 20:15 or {', '.join(_PARTS_OF_DAY)}"
        ) from error
    length = timedelta(days=1) if len(text) <= len("2026-01-01") else timedelta(minutes=1)
    return Moment(text, start, start + length)


def _is_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a valid time zone; write one such as Asia/Shanghai")
    return name


def _is_sentiment(name: str) -> str:
    if name not in SENTIMENTS:
        raise ValueError(f"{name!r} is not a valid sentiment; write negative, neutral or positive")
    return name


Sentiment = Annotated[str, AfterValidator(_is_sentiment)]
Count = Annotated[Printed, PlainValidator(_count)]
Share = Annotated[Printed, PlainValidator(_share)]
SignedPercent = Annotated[Printed, PlainValidator(_signed_percent)]
Number = Annotated[Printed, PlainValidator(_printed)]
Day = Annotated[date, BeforeValidator(_is_day)]
Time = Annotated[Moment, PlainValidator(_moment)]

Counts = Annotated[dict[str, Count], Field(default_factory=dict)]
Shares = Annotated[dict[str, Share], Field(default_factory=dict)]
SentimentCounts = Annotated[dict[Sentiment, Count], Field(default_factory=dict)]
SentimentShares = Annotated[dict[Sentiment, Share], Field(default_factory=dict)]
CrossTab = Annotated[dict[str, dict[Sentiment, Share]], Field(default_factory=dict)]


class Figures(BaseModel):
    """The figures of one report, as printed; figures that are not printed are missing or null.

    Shares are in percent. Days are in ``timezone``; ``window`` is the first and the last day. Unknown keys are in
    ``model_extra``. Validate from JSON with numbers read as text, so that 5.0 keeps its digits.
    """

    model_config = ConfigDict(extra="allow", frozen=True)

    timezone: Annotated[str, AfterValidator(_is_zone)] = TIMEZONE
    window: tuple[Day, Day] | None = None
    platforms: Annotated[list[str], Field(default_factory=list)]  # all platforms that the totals cover, if stated

    volume: Count | None = None
    volume_by_platform: Counts
    volume_share_by_platform: Shares
    sentiment_volume: SentimentCounts
    sentiment_share: SentimentShares
    sentiment_share_by_platform: CrossTab  # of the platform's posts

    interactions: Count | None = None
    interactions_by_platform: Counts
    interactions_by_platform_rounded: Counts
    interaction_share_by_platform: Shares
    sentiment_interactions: SentimentCounts
    sentiment_interaction_share: SentimentShares
    sentiment_interaction_share_by_platform: CrossTab  # of the platform's interactions

    daily_volume: Annotated[dict[Day, Count], Field(default_factory=dict)]  # all platforms together
    # From the keys <platform>_daily_volume.
    platform_daily_volume: Annotated[dict[str, dict[Day, Count]], Field(default_factory=dict)]
    peak_date: Annotated[dict[str, Day], Field(default_factory=dict), BeforeValidator(_by_platform)]

    net_sentiment: SignedPercent | None = None  # printed without its formula
    nsr_polar: SignedPercent | None = None
    nsr_total: SignedPercent | None = None

    onset: Time | None = None
    statement: Time | None = None
    response_latency_hours: Number | None = None

    @model_validator(mode="before")
    @classmethod
    def _gather_series(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        series = {key.removesuffix(_DAILY): content[key] for key in content if key.endswith(_DAILY) and key != _DAILY}
        rest = {key: value for key, value in content.items() if key.removesuffix(_DAILY) not in series}
        return rest | ({"platform_daily_volume": series} if series else {})

    @model_validator(mode="after")
    def _window_is_in_order(self) -> "Figures":
        if self.window and self.window[1] < self.window[0]:
            raise ValueError(f"window: ends on {self.window[1]}, before it begins on {self.window[0]}; swap them")
        return self

    def days(self) -> list[date]:
        """Every day of the window; empty if there is none."""
        if not self.window:
            return []
        first, last = self.window
        return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    def named_platforms(self) -> list[str]:
        """Every platform that has a figure, in the order of the file."""
        tables = (
            self.volume_by_platform,
            self.volume_share_by_platform,
            self.interactions_by_platform,
            self.interactions_by_platform_rounded,
            self.interaction_share_by_platform,
            self.platform_daily_volume,
        )
        return list(dict.fromkeys([*self.platforms, *(name for table in tables for name in table)]))

    def latency_hours(self) -> Range | None:
        """Hours from the onset to the statement; None if either is missing."""
        if not self.onset or not self.statement:
            return None
        zone = ZoneInfo(self.timezone)
        onset, statement = (
            [moment if moment.tzinfo else moment.replace(tzinfo=zone) for moment in (times.first, times.last)]
            for times in (self.onset, self.statement)
        )
        return Range(_hours(onset[1], statement[0]), _hours(onset[0], statement[1]))


def _hours(start: datetime, end: datetime) -> Fraction:
    # By timestamps: the difference of two times in one zone ignores a change of daylight saving time between them.
    return Fraction(round(end.timestamp() - start.timestamp()), 3600)
