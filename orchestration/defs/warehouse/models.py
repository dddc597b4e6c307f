"""The dbt models: staging, intermediate and marts, in one warehouse file that only dbt writes."""

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from core.environment import data_dir
from core.storage.paths import warehouse_path
from orchestration.lib.building import next_build
from orchestration.lib.check_warnings import with_warnings
from orchestration.lib.days import run_days
from orchestration.lib.failed_topics import record_failed_topics
from orchestration.lib.repairs import repair_warehouse
from orchestration.lib.warehouse import dbt_cli, dbt_environment, dbt_project, environment, wait_for_warehouse
from orchestration.lib.warehouse_state import begin_build, finish_build
from orchestration.publishing.models_version import models_version


class GroupByFolder(DagsterDbtTranslator):
    """The group of a model or seed is its folder: staging, intermediate or marts."""

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str:
        return str(dbt_resource_props["fqn"][1])  # project, folder, subfolders, name


@dbt_assets(
    manifest=dbt_project.manifest_path,
    project=dbt_project,
    dagster_dbt_translator=GroupByFolder(),
    pool="warehouse",
)
def dbt_models(context: dg.AssetExecutionContext, dbt: DbtCliResource) -> Iterator[Any]:
    for message in repair_warehouse(data_dir()):
        context.log.warning(message)
    wait_for_warehouse(warehouse_path(), context.log.info)
    models = models_version()
    build = next_build(run_days(context.run))
    context.log.info(build.message)
    begin_build(warehouse_path(), build.days, is_full=build.is_full)
    # Unit tests belong into CI; in a production build they only cost time.
    command = ["build", "--exclude-resource-type", "unit_test", *(["--full-refresh"] if build.is_full else [])]
    with environment(dbt_environment(build.days)):
        invocation = dbt.cli(command, context=context)
        yield from with_warnings(invocation.stream(), invocation.target_path, warehouse_path())
        for topic_id in record_failed_topics(dbt, invocation.target_path, warehouse_path()):
            context.log.warning(f"rows of topic {topic_id} fail data tests; the other topics are published")
    if not context.is_subset:  # a person can select some tables in the UI; the others are as they were
        finish_build(warehouse_path(), models)
    shutil.rmtree(invocation.target_path)  # a manifest and a log of some MB per run; those of failed builds are kept


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[dbt_models], resources={"dbt": dbt_cli})
