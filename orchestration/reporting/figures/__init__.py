"""The figures of the event report, by subject: each is a column of a mart, with the posts behind it."""
