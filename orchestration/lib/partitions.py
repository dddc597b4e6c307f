"""The daily partitions (day of publication). A leaf module: assets, schedules and tests share one object."""

import dagster as dg

from core.calendar import TIMEZONE
from core.listening import load_listening

# end_offset: today is a partition too, for the hourly refresh.
daily = dg.DailyPartitionsDefinition(
    start_date=load_listening().history_start.isoformat(), timezone=TIMEZONE, end_offset=1
)
