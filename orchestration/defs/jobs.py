"""Jobs and their schedules."""

from datetime import date, timedelta

import dagster as dg

from core.calendar import TIMEZONE
from core.listening import Topic, load_listening
from core.platforms import CRAWLED_PLATFORMS, HOT_LIST_PLATFORMS
from orchestration.lib.gone_topics import reported_topics, selection_of
from orchestration.lib.partitions import daily
from orchestration.lib.runs import record_peak_memory

crawled = dg.AssetSelection.assets(
    *(["raw", f"{platform}_{table}"] for platform in CRAWLED_PLATFORMS for table in ("posts", "comments", "authors"))
)
hot_lists = dg.AssetSelection.assets(*(["raw", f"{platform}_hot_lists"] for platform in HOT_LIST_PLATFORMS))

# Takes days from the sites to the published marts.
refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all() - hot_lists,
    description="Crawl a day or a range of days, and bring their marts up to date.",
    hooks={record_peak_memory},
)

# For data that was not crawled by `refresh`, mainly imports.
catch_up = dg.define_asset_job(
    "catch_up",
    selection=dg.AssetSelection.all() - crawled - hot_lists,
    description="Bring the marts up to date for every day whose raw data is newer. Crawls nothing.",
    hooks={record_peak_memory},
)

read_hot_lists = dg.define_asset_job(
    "read_hot_lists", selection=hot_lists, description="Read the current hot lists of the platforms."
)

make_reports = dg.define_asset_job(
    "make_reports",
    selection=dg.AssetSelection.groups("report"),
    description="Write the reports of the topics from the published marts, without rebuilding these.",
)

# Offsets, in days before yesterday, of the days to crawl again, because counts grow for days (docs/decisions.md).
REOBSERVED_AFTER = (0, 1, 3, 7)


@dg.schedule(job=refresh, cron_schedule="0 6 * * *", execution_timezone=TIMEZONE)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Crawl yesterday, and again the days one, three and seven before it."""
    yesterday = context.scheduled_execution_time.date() - timedelta(days=1)
    days = [(yesterday - timedelta(days=back)).isoformat() for back in REOBSERVED_AFTER]
    assets = selection_of(context.repository_def, refresh.name)
    return [
        dg.RunRequest(run_key=f"{yesterday}:{day}", partition_key=day, asset_selection=assets)
        for day in days
        if daily.has_partition_key(day)
    ]


@dg.schedule(job=refresh, cron_schedule="30 * * * *", execution_timezone=TIMEZONE)
def hourly_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Crawl today so far. The numbers are incomplete until the daily refresh has crawled the whole day."""
    return dg.RunRequest(
        partition_key=context.scheduled_execution_time.date().isoformat(),
        asset_selection=selection_of(context.repository_def, refresh.name),
    )


@dg.schedule(job=read_hot_lists, cron_schedule="10 * * * *", execution_timezone=TIMEZONE)
def hourly_hot_lists() -> dg.RunRequest:
    """A word stays on a list for a few hours, and past lists cannot be requested later."""
    return dg.RunRequest()


def moves(topic: Topic, day: date) -> bool:
    """True if a topic's numbers can change on a day: its window is open, or its last days are still re-crawled."""
    end = topic.window.end
    return topic.window.start < day and (end is None or day <= end + timedelta(days=max(REOBSERVED_AFTER) + 1))


# After the daily refresh, and the re-observed days that it queues.
@dg.schedule(job=make_reports, cron_schedule="0 9 * * *", execution_timezone=TIMEZONE)
def daily_reports(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """A report of each topic while its window is open, and until its counts have settled."""
    day = context.scheduled_execution_time.date()
    loaded = reported_topics(context.repository_def)  # a topic is not among them that was added since
    return [
        dg.RunRequest(run_key=f"{day}:{topic.id}", asset_selection=[dg.AssetKey(["report", topic.id])])
        for topic in load_listening().topics
        if moves(topic, day) and topic.id in loaded
    ]
