"""Where data lies and how a file comes to be: paths, write-once Parquet files, versions."""
