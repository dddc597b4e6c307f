"""Paths inside the data folder and the repository. The environment variables are read in core/environment.py."""

from pathlib import Path

from core.environment import data_dir

PROJECT_DIR = Path(__file__).parents[2]
DBT_PROJECT_DIR = PROJECT_DIR / "dbt_project"


def labels_dir() -> Path:
    """Analysts' sentiment labels, *.csv."""
    return data_dir() / "labels"


def relevance_labels_dir() -> Path:
    """Analysts' labels of posts as relevant or irrelevant to a topic, *.csv."""
    return labels_dir() / "relevance"


def relevance_models_dir() -> Path:
    """Relevance models trained on these labels, <topic_id>.csv."""
    return data_dir() / "models" / "relevance"


def enriched_dir() -> Path:
    return data_dir() / "enriched"


def warehouse_path() -> Path:
    """dbt's DuckDB file. DuckDB allows one writer, so only dbt and the publication open it."""
    return data_dir() / "warehouse.duckdb"


def serving_path() -> Path:
    """The published snapshot, which BI tools and reports read."""
    return data_dir() / "serving" / "marts.duckdb"


def reports_dir() -> Path:
    """Event reports, in <topic>/<time in Asia/Shanghai>-<data version>/ (orchestration/reporting/report_folders.py)."""
    return data_dir() / "reports"
