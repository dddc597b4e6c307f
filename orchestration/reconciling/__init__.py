"""Whether the printed figures of a report can be true together."""
