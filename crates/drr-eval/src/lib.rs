//! Metrics, evaluation protocols, statistics and reports for ranked lists.
