"""What is kept and for how long: deletion, retention, rotation of the key, backup. Imports no dagster."""
