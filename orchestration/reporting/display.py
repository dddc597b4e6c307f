"""How figures are printed, in Chinese and English. Days and times are in Asia/Shanghai."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from core.calendar import CHINA, in_china

Value = int | float | Decimal | date | datetime | None

LANGUAGES = ("zh", "en")
_NUMERALS: dict[str, tuple[str, ...]] = {
    "zh": ("零", "一", "两", "三", "四", "五", "六", "七", "八", "九", "十"),
    "en": ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WAN = 10_000
# Decimals of plain numbers.
_DECIMALS = {"count": 0, "per_post": 1, "hours": 1, "bits": 2, "score": 2, "weight": 2}
# Decimals of fractions that are printed in percent.
_PERCENT_DECIMALS = {"percent0": 0, "percent1": 1, "percent2": 2}
MISSING = "—"


def displayed(value: Value, unit: str, language: str) -> str:
    """A value as printed; a dash if it is missing. Raises ValueError for an unknown unit."""
    if value is None:
        return MISSING
    if unit in ("day", "day_of_year"):
        assert isinstance(value, date)
        return _day(value, language, year=unit == "day_of_year")
    if unit in ("time", "time_of_year"):
        assert isinstance(value, datetime)
        local = in_china(value)
        comma = "," if language == "en" else ""
        return f"{_day(local, language, year=unit == 'time_of_year')}{comma} {local:%H:%M}"
    assert not isinstance(value, date)
    if unit == "numeral":
        names = _NUMERALS[language]
        number = int(value)
        return names[number] if number < len(names) else f"{number}"
    if unit == "wan":
        if language == "en" or value < _WAN:
            return _rounded(value, 0)
        return f"{_rounded(Decimal(str(value)) / _WAN, 1).removesuffix('.0')}万"
    if unit in _PERCENT_DECIMALS:
        return f"{_rounded(100 * Decimal(repr(float(value))), _PERCENT_DECIMALS[unit])}%"
    if unit in _DECIMALS:
        return _rounded(value, _DECIMALS[unit])
    raise ValueError(f"{unit!r} is not a valid unit of figures")


def midnight(day: date) -> datetime:
    """The start of a day in Asia/Shanghai, as UTC without a time zone."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA).astimezone(UTC).replace(tzinfo=None)


def _rounded(value: float | Decimal, decimals: int) -> str:
    """Round half away from zero, with thousands separators; 0 has no sign."""
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP) + 0
    return f"{rounded:,f}".replace("-", "\u2212")


def _day(day: date, language: str, *, year: bool) -> str:
    if language == "en":
        return f"{day.day} {_MONTHS[day.month - 1]}" + (f" {day.year}" if year else "")
    return (f"{day.year}年" if year else "") + f"{day.month}月{day.day}日"
