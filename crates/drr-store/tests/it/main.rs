//! The store among several processes.

mod processes;
