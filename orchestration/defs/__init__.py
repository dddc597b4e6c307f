"""Every Dagster definition, by station. Nothing imports from here."""
