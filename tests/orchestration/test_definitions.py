"""Every definition loads, and the asset graph equals the expected one, so that changes show in review."""

from datetime import datetime
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from core.calendar import TIMEZONE
from core.platforms import CRAWLED_PLATFORMS, HOT_LIST_PLATFORMS, PLATFORMS
from core.storage.paths import DBT_PROJECT_DIR
from orchestration.definitions import defs

RAW = {f"raw/{platform}_posts" for platform in PLATFORMS}
CRAWLED_POSTS = {f"raw/{platform}_posts" for platform in CRAWLED_PLATFORMS}
CRAWLED = {f"raw/{platform}_{table}" for platform in CRAWLED_PLATFORMS for table in ("posts", "comments", "authors")}
HOT_LISTS = {f"raw/{platform}_hot_lists" for platform in HOT_LIST_PLATFORMS}


@pytest.fixture(scope="module")
def repository() -> dg.RepositoryDefinition:
    return defs.get_repository_def()


def dependencies(repository: dg.RepositoryDefinition, key: str) -> set[str]:
    node = repository.asset_graph.get(dg.AssetKey.from_user_string(key))
    return {parent.to_user_string() for parent in node.parent_keys}


def test_the_data_walks_one_way(repository):
    assert dependencies(repository, "raw/weibo_posts") == set()
    assert dependencies(repository, "raw/slices") == CRAWLED_POSTS
    assert dependencies(repository, "enriched/posts") == RAW
    assert dependencies(repository, "enriched/post_topics") == RAW
    assert dependencies(repository, "enriched/read_inputs") == RAW
    assert dependencies(repository, "enriched/relevance_labels") == RAW
    assert dependencies(repository, "enriched/comments") == {f"raw/{platform}_comments" for platform in PLATFORMS}
    assert dependencies(repository, "enriched/hot_list_topics") == HOT_LISTS
    assert dependencies(repository, "staging/stg_weibo__comments") == {"raw/weibo_comments"}
    assert dependencies(repository, "enriched/duplicate_groups") == {"enriched/posts"}
    assert "enriched/duplicate_groups" in dependencies(repository, "marts/fct_posts")
    for mart in ("event_voices", "event_heat"):
        assert "enriched/settings" in dependencies(repository, f"marts/{mart}")
    stations = ["raw", "enriched", "staging", "intermediate", "marts", "serving", "report"]
    graph = repository.asset_graph
    for key in graph.get_all_asset_keys():
        for parent in graph.get(key).parent_keys:
            earlier, later = (stations.index(graph.get(node).group_name) for node in (parent, key))
            assert earlier <= later, f"{key} reads {parent}"


def test_the_group_of_a_dbt_asset_is_its_folder(repository):
    graph = repository.asset_graph
    paths = {path.stem: path for folder in ("models", "seeds") for path in (DBT_PROJECT_DIR / folder).rglob("*.*")}
    keys = [
        key for key in graph.executable_asset_keys if graph.get(key).pools == {"warehouse"} and key.path[0] != "serving"
    ]
    assert {graph.get(key).group_name for key in keys} == {"staging", "intermediate", "marts"}
    for key in keys:
        assert graph.get(key).group_name == paths[key.path[-1]].relative_to(DBT_PROJECT_DIR).parts[1]


def test_everything_published_is_a_mart_and_every_mart_is_published(repository):
    marts = {key.to_user_string() for key in repository.asset_graph.get_all_asset_keys() if key.path[0] == "marts"}
    assert dependencies(repository, "serving/marts") == marts
    assert marts >= {
        f"marts/{table}"
        for table in ("fct_posts", "fct_post_topics", "fct_post_observations", "daily_volume", "daily_interaction",
                      "daily_sentiment", "event_platforms", "event_sentiment", "event_platform_sentiment", "dim_topics",
                      "dim_platforms", "dim_authors", "dim_metrics", "crawl_slices")
    }  # fmt: skip


def test_raw_is_partitioned_by_day_and_judged_before_it_is_read(repository):
    checks_of = {"posts": {"crawl_health", "rows"}, "comments": {"rows"}, "authors": {"rows"}}
    for name in CRAWLED:
        key = dg.AssetKey.from_user_string(name)
        node = repository.asset_graph.get(key)
        assert node.partitions_def.get_partition_keys()[0] == "2026-01-01"
        assert node.partitions_def.timezone == TIMEZONE
        checks = {check.name for check in repository.asset_graph.asset_check_keys if check.asset_key == key}
        assert checks == checks_of[name.split("_")[-1]]


def test_hot_lists_are_of_the_moment_and_judged_too(repository):
    for name in HOT_LISTS:
        key = dg.AssetKey.from_user_string(name)
        assert repository.asset_graph.get(key).partitions_def is None
        checks = {check.name for check in repository.asset_graph.asset_check_keys if check.asset_key == key}
        assert checks == {"crawl_health", "rows"}


def test_checks_block_what_is_downstream(repository):
    graph = repository.asset_graph
    ours = {"crawl_health", "raw_rows", "rows", "topic_rows", "served_rows", "nothing_lost"}
    found = {check: graph.get(check).blocking for check in graph.asset_check_keys if check.name in ours}
    # Of each platform the crawl and three tables; of three the hot lists twice; slices; six enriched; two served.
    assert len(found) == 4 * len(CRAWLED_PLATFORMS) + 2 * len(HOT_LISTS) + 1 + 6 + 2
    assert all(found.values())


def selected(repository: dg.RepositoryDefinition, job: str) -> tuple[set[str], set[str]]:
    layer = repository.get_job(job).asset_layer
    assets = {key.to_user_string() for key in layer.selected_asset_keys}
    return assets, {f"{key.asset_key.to_user_string()}:{key.name}" for key in layer.asset_graph.asset_check_keys}


def test_refresh_crawls_and_catch_up_does_not(repository):
    assets, checks = selected(repository, "refresh")
    assert assets >= CRAWLED | {"raw/slices", "serving/marts"}
    assert not assets & HOT_LISTS
    assert {f"{key}:crawl_health" for key in CRAWLED_POSTS} <= checks
    assets, checks = selected(repository, "catch_up")
    assert not assets & (CRAWLED | HOT_LISTS)
    assert selected(repository, "read_hot_lists")[0] == HOT_LISTS
    assert "serving/marts" in assets
    assert {"enriched/posts:raw_rows", "enriched/posts:rows", "serving/marts:served_rows"} <= checks


def test_pools_keep_one_writer_and_one_crawl_a_site(repository):
    graph = repository.asset_graph
    pools = {key.to_user_string(): graph.get(key).pools for key in graph.executable_asset_keys}
    for platform in CRAWLED_PLATFORMS:
        assert {frozenset(pools[name]) for name in CRAWLED | HOT_LISTS if name.startswith(f"raw/{platform}_")} == {
            frozenset({platform})
        }
    assert pools["marts/fct_posts"] == pools["serving/marts"] == {"warehouse"}


def run_requests(name: str, at: datetime) -> list[dg.RunRequest]:
    schedule = defs.resolve_schedule_def(name)
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_schedule_context(
            instance, scheduled_execution_time=at, repository_def=defs.get_repository_def()
        )
        return list(schedule.evaluate_tick(context).run_requests)


def test_the_daily_schedule_refreshes_yesterday_and_observes_again():
    schedule = defs.resolve_schedule_def("daily_refresh")
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", TIMEZONE)
    requests = run_requests("daily_refresh", datetime(2026, 3, 1, 6, tzinfo=ZoneInfo(TIMEZONE)))
    assert [request.partition_key for request in requests] == ["2026-02-28", "2026-02-27", "2026-02-25", "2026-02-21"]


def test_the_daily_schedule_requests_no_run_before_history_start():
    requests = run_requests("daily_refresh", datetime(2026, 1, 3, 6, tzinfo=ZoneInfo(TIMEZONE)))
    assert [request.partition_key for request in requests] == ["2026-01-02", "2026-01-01"]


def test_the_hourly_schedule_refreshes_today():
    requests = run_requests("hourly_refresh", datetime(2026, 3, 1, 0, 30, tzinfo=ZoneInfo(TIMEZONE)))
    assert [request.partition_key for request in requests] == ["2026-03-01"]


def test_hot_lists_are_read_each_hour():
    assert defs.resolve_schedule_def("hourly_hot_lists").cron_schedule == "10 * * * *"
    assert len(run_requests("hourly_hot_lists", datetime(2026, 3, 1, 0, 10, tzinfo=ZoneInfo(TIMEZONE)))) == 1
