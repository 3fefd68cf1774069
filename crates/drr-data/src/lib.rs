//! Raw rating logs to checked, split Parquet, and back.
