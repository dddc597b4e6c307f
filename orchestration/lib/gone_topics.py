"""Requests of runs while the daemon has definitions of topics that listening.yaml does not have any more.

The daemon keeps the definitions that it has loaded, and the process of a run loads them anew. A run that was requested
with the report of a topic that has been removed or renamed since fails at once, before its first step.
"""

import dagster as dg

from core.listening import load_listening

_REPORT = "report"  # keys of reports are report/<topic>


def reported_topics(repository: dg.RepositoryDefinition) -> set[str]:
    """The topics that have a report in the definitions that this process has loaded."""
    return {key.path[1] for key in repository.asset_graph.get_all_asset_keys() if key.path[0] == _REPORT}


def selection_of(repository: dg.RepositoryDefinition | None, job_name: str) -> list[dg.AssetKey] | None:
    """The assets of a job without the reports of topics that are gone; None, which stands for all, if none is gone.

    repository: of the context of a schedule or sensor; the daemon always gives one.
    """
    if repository is None:
        return None
    gone = reported_topics(repository) - {topic.id for topic in load_listening().topics}
    if not gone:
        return None
    keys = repository.get_job(job_name).asset_layer.selected_asset_keys
    return sorted(keys - {dg.AssetKey([_REPORT, topic_id]) for topic_id in gone})
