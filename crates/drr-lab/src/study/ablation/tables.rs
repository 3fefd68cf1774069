//! What judges under one protocol: the same cases and the same simulated users for everybody.

use crate::fit::simulator::Simulator;
use crate::judge::Bench;
use crate::judge::forms::table_name;
use anyhow::Result;
use drr_core::{Part, World};
use drr_eval::EvaluationSet;

/// The cases of a protocol, and its tables.
pub struct Tables {
    /// The held-out cases.
    pub cases: EvaluationSet,
    /// The protocol's tables, each with its simulator if it has one.
    pub tables: Vec<(String, Option<Simulator>)>,
}

impl Tables {
    /// The tables of the bench's protocol.
    pub fn new(bench: &Bench<'_>) -> Result<Self> {
        let protocol = bench.cut.protocol;
        let cases = bench.cases(Part::Test)?;
        if !bench.is_simulated() {
            return Ok(Self { cases, tables: vec![(table_name(protocol, None), None)] });
        }
        let log = bench.cut.part(Part::Test)?;
        let tables = World::SIMULATED.into_iter().map(|world| {
            let simulator = bench.simulators.of(world, &log)?;
            Ok((table_name(protocol, Some(&simulator)), Some(simulator)))
        });
        Ok(Self { cases, tables: tables.collect::<Result<_>>()? })
    }
}
