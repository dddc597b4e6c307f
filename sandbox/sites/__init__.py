"""The sites, one module each: ``routes()`` under the names of their real hosts, and the handlers of their requests."""
