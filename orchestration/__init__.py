"""Says what runs when: Dagster definitions in defs/, the pure functions that they call beside it."""
