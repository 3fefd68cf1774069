//! Seeded parameters, layers, optimizer and checkpoints on Candle.
