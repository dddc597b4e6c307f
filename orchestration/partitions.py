"""The day of publication as Dagster's partition. A leaf module: assets, schedules and tests import the same object."""

import dagster as dg

from orchestration.listening import load_listening
from orchestration.settings import TIMEZONE

# end_offset: today is a partition too, for the hourly refresh.
daily = dg.DailyPartitionsDefinition(
    start_date=load_listening().history_start.isoformat(), timezone=TIMEZONE, end_offset=1
)
