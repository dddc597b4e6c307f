"""The four sites, one a module: ``routes()`` under the names of their real hosts, and what they answer."""
