"""Statistics that dbt models and reports compute over marts: pure functions over frames."""
