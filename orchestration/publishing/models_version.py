"""The version of the models: other models may give other figures from the same files."""

import hashlib

from core.storage.paths import DBT_PROJECT_DIR, PROJECT_DIR


def models_version() -> str:
    """12 hex digits over the dbt project and the Python code that its models import."""
    places = [DBT_PROJECT_DIR / name for name in ("models", "macros", "seeds", "profiles.yml", "dbt_project.yml")]
    places += [PROJECT_DIR / "orchestration" / "statistics", PROJECT_DIR / "core" / "vocabulary.py"]
    places += [PROJECT_DIR / "core" / "calendar.py"]
    places += [PROJECT_DIR / "core" / "listening.py"]  # the defaults of settings that a moment does not have
    digest = hashlib.sha256()
    for place in places:
        for path in sorted([place] if place.is_file() else place.rglob("*")):
            if path.suffix in {".sql", ".py", ".yml", ".csv", ".txt"}:
                digest.update(str(path.relative_to(PROJECT_DIR)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
