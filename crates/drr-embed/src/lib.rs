//! Embedding pretrainers: matrix factorization and co-occurrence factors.
