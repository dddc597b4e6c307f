"""Contracts of the marts: columns, descriptions, asset keys, layers, and the order of builds."""

import json
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest
import yaml
from dagster_dbt.asset_utils import default_asset_key_fn

from core.calendar import CHINA, TIMEZONE
from core.contracts import enriched
from core.contracts.raw import SCHEMAS, RawTable
from core.platforms import CRAWLED_PLATFORMS, FACTS, HOT_LIST_PLATFORMS, PLATFORMS, Platform
from core.storage.paths import DBT_PROJECT_DIR
from core.vocabulary import GOLDEN_HOURS, MATURE_HOURS, PHASES, SENTIMENTS, VOICE_KINDS, Z_95
from tests.warehouse import DataFolder

# Columns that each mart must have.
COLUMNS = {
    "fct_posts": "post_uid platform post_id post_url posted_at posted_date author_uid text post_type is_repost is_ad "
    "likes comments shares collects views interactions observed_at observation_age_hours duplicate_group_id sentiment "
    "sentiment_score sentiment_source sentiment_model gone_since",
    "fct_post_topics": "post_uid topic_id matched_by is_relevant relevance_reason stance stance_score",
    "duplicate_groups": "duplicate_group_id representative_post_uid reason posts texts platforms authors interactions "
    "first_posted_at last_posted_at",
    "fct_post_observations": "post_uid observed_at likes comments shares collects views source crawl_id",
    "fct_comments": "comment_uid post_uid platform parent_comment_uid root_comment_uid posted_at author_uid text likes"
    " replies",
    "fct_author_observations": "author_uid platform observed_at followers is_verified verified_type",
    "fct_hot_list_observations": "platform list_name observed_at rank word heat is_ad entered_at",
    "daily_volume": "topic_id platform posted_date volume original_volume distinct_volume authors volume_share "
    "is_complete",
    "daily_interaction": "topic_id platform posted_date likes comments shares collects interactions interaction_share "
    "interactions_per_post top10_share observed_from observed_to mature_share",
    "daily_sentiment": "topic_id platform posted_date sentiment volume volume_share interactions interaction_share"
    " corrected_share corrected_low corrected_high correction",
    "event_totals": "topic_id volume interactions unread_days gone_posts sentiment_models is_mixed_model",
    "event_platforms": "topic_id platform volume volume_share share_low share_high interactions interaction_share",
    "event_sentiment": "topic_id sentiment volume volume_share share_low share_high interactions interaction_share"
    " corrected_share corrected_low corrected_high correction",
    "event_platform_sentiment": "topic_id platform sentiment volume volume_share interactions interaction_share",
    "event_keywords": "topic_id platform sentiment word volume distinct_volume volume_share z peak_date frequency_rank",
    "event_hashtags": "topic_id platform sentiment hashtag volume distinct_volume volume_share z peak_date"
    " frequency_rank",
    "daily_keywords": "topic_id platform sentiment posted_date word volume distinct_volume volume_share z",
    "event_focuses": "topic_id focus_id label volume distinct_volume volume_share interactions exemplar_1 exemplar_2"
    " exemplar_3 first_day last_day",
    "event_posts": "topic_id post_uid platform post_url posted_at posted_date posted_hour author_uid is_repost"
    " repost_depth duplicate_group_id text interactions sentiment sentiment_source stance observed_at",
    "event_daily": "topic_id platform posted_date volume distinct_volume interactions observed_interactions"
    " mature_share is_complete phase phase_is_censored",
    "event_hourly": "topic_id platform posted_hour volume interactions is_complete",
    "event_daily_totals": "topic_id posted_date volume interactions observed_interactions phase",
    "event_hourly_totals": "topic_id posted_hour volume interactions",
    "event_phases": "topic_id phase started_at ended_at volume peak_hour rule is_censored",
    "event_top_posts": "topic_id platform rank post_uid post_url text sentiment interactions share_of_interactions",
    "event_spread": "topic_id entropy entropy_max top10_author_interaction_share repost_share repost_depth_max",
    "event_heat": "topic_id platform heat volume_part interactions_part authors_part hot_list_part volume_weight",
    "event_summary": "topic_id volume interactions negative_share nsr_polar nsr_total onset_at peak_at peak_date"
    " statement_at statement_post_uid response_latency_hours is_provisional platforms_complete",
    "event_top_comments": "topic_id rank platform_rank comment_uid post_uid post_url platform text likes replies"
    " posted_at",
    "event_voices": "topic_id rank author_uid display_name platform kind followers volume interactions"
    " interaction_share negative_share stance first_post_at first_post_uid",
    "event_voice_kinds": "topic_id kind authors volume interactions interaction_share",
    "event_hot_lists": "topic_id platform word first_seen_at last_seen_at best_rank minutes_on_list reads list_reads"
    " is_censored",
    "fct_post_focuses": "post_uid topic_id focus_id fit",
    "dim_topics": "topic_id topic_name brand window_start window_end",
    "dim_platforms": "platform name_zh name_en",
    "dim_authors": "author_uid platform author_name followers is_verified verified_type posts comments",
    "dim_metrics": "metric_id name name_zh formula unit scope version valid_from",
    "crawl_coverage": "topic_id platform posted_date slices slices_complete cap_hits declared_total posts_collected"
    " posts_estimated posts_estimated_low posts_estimated_high is_complete missing_reason",
    "crawl_gaps": "topic_id platform missing_reason days",
    "quarantined_records": "crawl_id platform source position field reason remedy observed_at",
    "crawl_slices": "platform query slice_start slice_end state pages declared_total posts_seen posts_kept cap_hit",
    "built_days": "posted_date enriched_version",
    "read_days": "topic_id posted_date rules",
    "topic_failures": "topic_id model error failed_at rows_from",
    "sentiment_audit": "topic_id post_uid audit_weight sentiment model_sentiment",
    "sentiment_drift": "topic_id platform posted_date from_model to_model from_sentiment to_sentiment posts",
}
SQL_TYPES = {
    pl.String(): "varchar",
    pl.Int64(): "bigint",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
    pl.Date(): "date",
    pl.Datetime("us", "UTC"): "timestamp with time zone",
    pl.List(pl.String()): "varchar[]",
}


@pytest.fixture(scope="module")
def manifest(built: DataFolder) -> Any:
    return json.loads((built.path / "target/manifest.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def variables(built: DataFolder) -> Any:
    """The vars of dbt_project.yml."""
    return yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]


def test_marts_have_their_columns_with_descriptions(built: DataFolder) -> None:
    found: dict[str, dict[str, str | None]] = {}
    for table, column, comment in built.rows(
        "select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'"
    ):
        found.setdefault(table, {})[column] = comment
    assert set(found) == set(COLUMNS)
    for table, columns in COLUMNS.items():
        assert set(columns.split()) <= set(found[table]), table
        assert all(found[table].values()), table
    assert built.rows("select table_name from duckdb_tables() where schema_name = 'marts' and comment is null") == []


def test_marts_have_no_type_that_depends_on_the_session_time_zone(built: DataFolder) -> None:
    types = {kind for (kind,) in built.rows("select data_type from duckdb_columns() where schema_name = 'marts'")}
    assert types == {"VARCHAR", "VARCHAR[]", "BIGINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"}


# Metrics without values in three days of six posts; test_phases.py, test_voices.py and dbt unit tests cover them.
NOT_IN_THREE_DAYS = {
    "event_summary.onset_at",
    "event_summary.response_latency_hours",
    "event_voices.followers",
    "event_hot_lists.best_rank",
    "event_top_comments.likes",
    "event_top_comments.replies",
}


def test_metrics_have_values_in_the_column_that_they_name(built: DataFolder) -> None:
    measured_in = [name.split(".") for (name,) in built.rows("select measured_in from marts.dim_metrics")]
    assert measured_in
    for table, column in measured_in:
        is_measured = f"{table}.{column}" not in NOT_IN_THREE_DAYS
        assert built.rows(f"select count({column}) > 0 from marts.{table}") == [(is_measured,)], f"{table}.{column}"


def test_sources_declare_the_columns_of_the_contracts() -> None:
    sources = yaml.safe_load((DBT_PROJECT_DIR / "models/staging/_staging__sources.yml").read_text(encoding="utf-8"))
    declared = {
        f"{source['name']}.{table['name']}": {column["name"]: column["data_type"] for column in table["columns"]}
        for source in sources["sources"]
        for table in source["tables"]
    }
    by_day = {"day": pl.Date()}
    platforms_of: dict[RawTable, tuple[Platform, ...]] = {
        "posts": PLATFORMS,
        "comments": PLATFORMS,
        "authors": CRAWLED_PLATFORMS,
        "hot_lists": HOT_LIST_PLATFORMS,
    }
    written = {
        f"raw.{platform}_{table}": dict(SCHEMAS[table]) | by_day
        for table, platforms in platforms_of.items()
        for platform in platforms
    } | {
        "raw.slices": dict(SCHEMAS["slices"]) | by_day,
        "enriched.posts": dict(enriched.POSTS) | by_day,
        "enriched.post_topics": dict(enriched.POST_TOPICS) | by_day,
        "enriched.read_inputs": dict(enriched.READ_INPUTS) | by_day,
        "enriched.relevance_labels": dict(enriched.RELEVANCE_LABELS),
        "enriched.comments": dict(enriched.COMMENTS) | by_day,
        "enriched.model_changes": dict(enriched.MODEL_CHANGES) | by_day,
        "enriched.duplicate_groups": dict(enriched.DUPLICATE_GROUPS),
        "enriched.topics": dict(enriched.TOPICS),
        "enriched.lost_files": dict(enriched.LOST_FILES),
        "enriched.quarantined_records": dict(enriched.QUARANTINED_RECORDS),
        "enriched.accounts": dict(enriched.ACCOUNTS),
        "enriched.settings": dict(enriched.SETTINGS),
        "enriched.hot_list_topics": dict(enriched.HOT_LIST_TOPICS) | by_day,
        "enriched.topic_queries": dict(enriched.TOPIC_QUERIES),
    }
    assert declared == {
        table: {name: SQL_TYPES[kind] for name, kind in columns.items()} for table, columns in written.items()
    }


def test_variables_of_dbt_are_the_constants_of_core(variables: Any) -> None:
    assert (
        variables.items()
        >= {
            "sentiments": list(SENTIMENTS),
            "phases": list(PHASES),
            "voice_kinds": list(VOICE_KINDS),
            "golden_hours": GOLDEN_HOURS,
            "mature_hours": MATURE_HOURS,
            "z_95": Z_95,
            "timezone": TIMEZONE,
        }.items()
    )
    offsets = {datetime(year, month, 1, tzinfo=CHINA).utcoffset() for year in range(2009, 2027) for month in (1, 7)}
    assert offsets == {timedelta(hours=variables["utc_offset_hours"])}


def test_unions_take_every_platform_that_has_a_staging_model(variables: Any) -> None:
    listed = variables["platforms_by_table"]
    staging = DBT_PROJECT_DIR / "models/staging"
    assert listed == {
        table: [name for name in PLATFORMS if (staging / name / f"stg_{name}__{table}.sql").exists()]
        for table in ("posts", "comments", "authors", "hot_lists")
    }
    assert listed["posts"] == listed["comments"] == list(PLATFORMS)
    assert listed["authors"] == list(CRAWLED_PLATFORMS)
    assert listed["hot_lists"] == list(HOT_LIST_PLATFORMS)


def test_dim_platforms_has_the_facts_of_every_platform(built: DataFolder) -> None:
    rows = built.rows("select platform, name_zh, name_en, shows_shares, shows_collects, collects_are_interactions"
                      " from marts.dim_platforms")  # fmt: skip
    assert sorted(rows) == sorted(
        (
            name,
            facts.name_zh,
            facts.name_en,
            "share" in facts.counts,
            "collect" in facts.counts,
            "collect" in facts.interactions,
        )
        for name, facts in FACTS.items()
    )
    # fct_posts expects these counts of every platform.
    assert all({"like", "comment"} <= facts.counts.keys() & facts.interactions for facts in FACTS.values())
    # Shares are summed wherever they are shown.
    assert all(("share" in facts.counts) == ("share" in facts.interactions) for facts in FACTS.values())


def test_asset_keys_are_schema_and_table(manifest: Any) -> None:
    models = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    keys = {node["name"]: default_asset_key_fn(node).path for node in models}
    assert keys.items() >= {mart: ["marts", mart] for mart in COLUMNS}.items()
    assert keys["int_posts__latest"] == ["intermediate", "int_posts__latest"]
    sources = {tuple(default_asset_key_fn(source).path) for source in manifest["sources"].values()}
    assert sources >= {("raw", f"{platform}_posts") for platform in PLATFORMS} | {("enriched", "posts")}


LAYERS = ["staging", "intermediate", "marts"]


def test_folders_are_layers(manifest: Any) -> None:
    """Nothing reads a model or seed of a higher layer."""
    nodes = {name: node for name, node in manifest["nodes"].items() if node["resource_type"] in ("model", "seed")}
    layers = {name: LAYERS.index(node["fqn"][1]) for name, node in nodes.items()}
    assert set(layers.values()) == {0, 1, 2}
    higher = [
        (name, parent)
        for name, node in nodes.items()
        for parent in node["depends_on"].get("nodes", [])
        if parent in layers and layers[parent] > layers[name]
    ]
    assert higher == []


def test_contracts_are_enforced(manifest: Any) -> None:
    marts = [
        node for node in manifest["nodes"].values() if node["resource_type"] == "model" and node["schema"] == "marts"
    ]
    assert marts
    assert all(node["config"]["contract"]["enforced"] for node in marts)


def test_incremental_models_read_nothing_that_is_built_after_them(manifest: Any) -> None:
    """Dagster builds them first, by day, and everything else after them."""
    nodes = manifest["nodes"]
    incremental = [name for name, node in nodes.items() if node["config"].get("materialized") == "incremental"]
    assert len(incremental) == 24
    for name in incremental:
        for parent in nodes[name]["depends_on"]["nodes"]:
            assert parent in manifest["sources"] or nodes[parent]["config"]["materialized"] in (
                "incremental",
                "ephemeral",
                "seed",
            )


def test_the_failures_of_every_python_model_are_collected(manifest: Any) -> None:
    """topic_failures names the models: dbt has to see its references when it parses."""
    nodes = manifest["nodes"]
    python_models = {name for name, node in nodes.items() if node.get("language") == "python"}
    assert python_models
    assert set(nodes["model.tingfeng.topic_failures"]["depends_on"]["nodes"]) == python_models
