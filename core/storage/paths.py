"""Where the stations keep their files. What the environment says is read in core/environment.py."""

from pathlib import Path

from core.environment import data_dir

PROJECT_DIR = Path(__file__).parents[2]
DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"


def labels_dir() -> Path:
    """Analysts' labels, *.csv."""
    return data_dir() / "labels"


def relevance_labels_dir() -> Path:
    """Analysts' labels of whether a post is about a topic, *.csv."""
    return labels_dir() / "relevance"


def relevance_models_dir() -> Path:
    """What was trained on them, <topic_id>.csv."""
    return data_dir() / "models" / "relevance"


def enriched_dir() -> Path:
    return data_dir() / "enriched"


def warehouse_path() -> Path:
    """dbt's DuckDB file: one writer, opened by dbt and publish alone."""
    return data_dir() / "warehouse.duckdb"


def serving_path() -> Path:
    """The published snapshot, which BI tools, the report and the alerts read."""
    return data_dir() / "serving" / "marts.duckdb"


def reports_dir() -> Path:
    """The event reports, <topic>/<moment, Asia/Shanghai>/."""
    return data_dir() / "reports"
