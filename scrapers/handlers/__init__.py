"""Download handlers, one class a file."""
