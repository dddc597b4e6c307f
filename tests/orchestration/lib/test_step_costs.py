"""The seconds and the peak memory of each step of a run."""

import threading
from types import SimpleNamespace

import dagster as dg

from orchestration.lib.runs import _peaks, record_peak_memory, step_costs


def test_each_step_has_its_seconds_and_its_peak_memory() -> None:
    @dg.asset
    def first() -> None: ...

    @dg.asset(deps=[first])
    def second() -> None: ...

    job = dg.define_asset_job("job", hooks={record_peak_memory})
    definitions = dg.Definitions(assets=[first, second], jobs=[job])
    with dg.DagsterInstance.ephemeral() as instance:
        result = definitions.resolve_job_def("job").execute_in_process(instance=instance)
        costs = step_costs(instance, result.run_id)
    assert result.success
    assert [cost.step for cost in costs] == ["first", "second"]
    assert all(cost.seconds >= 0 and cost.peak_mb is not None and cost.peak_mb > 10 for cost in costs)


def test_no_peak_is_lost_when_steps_end_at_once() -> None:
    """Each thread is a step that ends. The instance is one of files, like that of the step processes."""
    steps = [f"step_{number}" for number in range(8)]
    ends = threading.Barrier(len(steps))

    def end(instance: dg.DagsterInstance, step: str) -> None:
        ends.wait()
        context = SimpleNamespace(instance=instance, run_id="run", job_name="job", step_key=step)
        record_peak_memory.decorated_fn(context)  # type: ignore[misc, arg-type]

    with dg.instance_for_test() as instance:
        threads = [threading.Thread(target=end, args=(instance, step)) for step in steps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(_peaks(instance, "run")) == steps
