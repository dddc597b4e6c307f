"""Days and moments. Everything inside is UTC; days of publication, and times that people read, are Asia/Shanghai's."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

TIMEZONE = "Asia/Shanghai"
CHINA = ZoneInfo(TIMEZONE)


def china_day(moment: datetime) -> str:
    """The day of publication, YYYY-MM-DD in Asia/Shanghai: the partition everywhere."""
    return moment.astimezone(CHINA).date().isoformat()


def day_of(moment: str) -> pl.Expr:
    """The day of publication (Date, Asia/Shanghai) of a column of moments."""
    return pl.col(moment).dt.convert_time_zone(TIMEZONE).dt.date()


def in_china(moment: datetime) -> datetime:
    """A moment on the clock of Asia/Shanghai; a moment without a time zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(CHINA)


def days_between(start: str, end: str) -> list[str]:
    """Every day from start to end, YYYY-MM-DD, both included."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return [(first + timedelta(days=offset)).isoformat() for offset in range((last - first).days + 1)]
