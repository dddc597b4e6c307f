"""Storage of the data folder: paths, write-once Parquet files, versions."""
