"""Download of responses through a browser."""
