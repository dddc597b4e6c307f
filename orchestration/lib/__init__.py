"""Code shared by definitions; besides defs/ and cli/, only this package uses Dagster."""
