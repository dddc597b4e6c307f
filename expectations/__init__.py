"""Great Expectations suites as code, a file a station, and the one way to validate a frame. Imports no dagster."""
