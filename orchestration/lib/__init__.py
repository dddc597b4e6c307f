"""What definitions share, and the only place beside defs/ and cli/ that knows Dagster."""
