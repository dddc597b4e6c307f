"""About how long a run takes, from the runs that a Dagster instance knows."""

from collections.abc import Iterator

import dagster as dg

from orchestration.lib.durations import PastRun, expected_seconds, past_runs


@dg.multi_asset(specs=[dg.AssetSpec(["enriched", "posts"])])
def posts() -> Iterator[dg.MaterializeResult]:
    yield dg.MaterializeResult(asset_key=["enriched", "posts"], metadata={"days": 3})


def test_the_duration_is_that_of_the_run_with_the_nearest_number_of_days():
    runs = [PastRun(days=6, reading=10, total=40), PastRun(days=60, reading=50, total=90)]
    assert expected_seconds(0, runs) == expected_seconds(6, runs) == 40
    assert expected_seconds(12, runs) == 50
    assert expected_seconds(600, runs) == 90 + 9 * 50
    assert expected_seconds(1, []) is None


def test_successful_runs_of_both_jobs_are_known_with_their_days():
    jobs = [dg.define_asset_job(name) for name in ("catch_up", "refresh", "another")]
    defs = dg.Definitions(assets=[posts], jobs=jobs)
    with dg.DagsterInstance.ephemeral() as instance:
        assert past_runs(instance) == []
        for name in ("catch_up", "refresh", "another"):
            assert defs.resolve_job_def(name).execute_in_process(instance=instance).success
        known = past_runs(instance)
    assert [run.days for run in known] == [3, 3]
    assert all(0 < run.reading <= run.total for run in known)
