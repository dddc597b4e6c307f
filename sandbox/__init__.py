"""A local stand-in for the crawled sites, for trials, demonstrations and tests. All of its content is synthetic."""
