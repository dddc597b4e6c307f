"""The dbt models: staging, intermediate and marts, in one warehouse file that only dbt writes."""

import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DbtCliResource, dbt_assets

from core.environment import data_dir
from core.storage.paths import warehouse_path
from orchestration.lib.check_warnings import with_warnings
from orchestration.lib.days import days_to_build
from orchestration.lib.repairs import repair_warehouse
from orchestration.lib.warehouse import dbt_cli, dbt_environment, dbt_project, environment, wait_for_warehouse


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
    days = days_to_build(context.run)
    context.log.info(f"dbt rebuilds {days[0]} to {days[-1]}" if days else "no day is stale")
    with environment(dbt_environment(days)):
        # Unit tests belong into CI; in a production build they only cost time.
        build = dbt.cli(["build", "--exclude-resource-type", "unit_test"], context=context)
        yield from with_warnings(build.stream(), build.target_path, warehouse_path())
    shutil.rmtree(build.target_path)  # a manifest and a log of some MB per run; those of failed builds are kept


@dg.definitions
def defs() -> dg.Definitions:
    return dg.Definitions(assets=[dbt_models], resources={"dbt": dbt_cli})
