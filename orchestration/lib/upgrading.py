"""What the release that is installed changed since the marts were published."""

from core.storage.paths import serving_path, warehouse_path
from core.version import code_version
from orchestration.lib.building import reason_to_build_everything
from orchestration.lib.planning import Plan
from orchestration.publishing.snapshot import published_version
from orchestration.reading.reasons import BY_A_RELEASE


def upgrade_line(to_do: Plan) -> str | None:
    """What the next refresh does because of the release, in a line; None if nothing is to be upgraded.

    to_do: what the next refresh does.
    """
    published, installed = published_version(serving_path()), code_version()
    is_of_another_release = published not in (None, installed)
    everything = reason_to_build_everything() if warehouse_path().exists() or is_of_another_release else None
    read = [day for day in to_do.days if BY_A_RELEASE & {*day.reasons}]
    if not everything and not read:
        return None
    parts = []
    if read:
        days, them = (f"{len(read)} days are", "them") if len(read) > 1 else ("1 day is", "it")
        parts.append(f"{days} read again, because other code read {them}")
    if everything:
        parts.append(f"all days are built again, because {everything}")
    versions = f"from {published} to {installed}" if is_of_another_release else f"to {installed}"
    return f"Upgrade {versions}: {'; '.join(parts)}."
