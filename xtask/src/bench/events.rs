//! `cargo xtask bench events`: measures how long task-service still accepts tokens of ended
//! sessions and of disabled and deleted users, and the cost of the revocations.

mod delay;
mod memory;

use super::{build, ceilings, engine::Engine};
use crate::{
    Result,
    step::{release_programs, step},
};

pub fn run() -> Result {
    build()?;
    let programs = release_programs()?;
    println!("\n{}", step("verify cached tokens", ceilings::cached_token)?);
    println!("\n{}", step("keep revocations", || memory::measure(&programs))?);
    // Several instances of auth-service can share a PostgreSQL database, but not a SQLite file.
    for (name, engine, replicas) in
        [("PostgreSQL", Engine::postgresql()?, 2), ("SQLite", Engine::Sqlite, 1)]
    {
        let table = step(&format!("revoke tokens on {name}"), || {
            delay::measure(name, &engine, replicas, &programs)
        })?;
        println!("\n{table}");
    }
    Ok(())
}
