"""The event report: figures selected from the marts, formatted, drawn and put into words. Imports no dagster."""
