"""Dates and times. Stored times are UTC; days of publication and times shown to people are in Asia/Shanghai."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

TIMEZONE = "Asia/Shanghai"
CHINA = ZoneInfo(TIMEZONE)


def china_day(moment: datetime) -> str:
    """The day of publication (YYYY-MM-DD, Asia/Shanghai) of an aware datetime: the partition key everywhere."""
    return moment.astimezone(CHINA).date().isoformat()


def day_of(moment: str) -> pl.Expr:
    """The day of publication (Date, in Asia/Shanghai). moment: the name of a column of UTC datetimes."""
    return pl.col(moment).dt.convert_time_zone(TIMEZONE).dt.date()


def in_china(moment: datetime) -> datetime:
    """The moment in Asia/Shanghai; a naive datetime is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.astimezone(CHINA)


def days_between(start: str, end: str) -> list[str]:
    """All days from start to end, inclusive, as YYYY-MM-DD."""
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return [(first + timedelta(days=offset)).isoformat() for offset in range((last - first).days + 1)]
