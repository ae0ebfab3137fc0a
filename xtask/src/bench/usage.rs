//! What processes take, by `/proc`.

use std::fs;

use crate::{Result, postgres::Cluster};

/// User and system time of a service and of the database, in microseconds.
pub(super) struct Usage {
    pub(super) service: f64,
    pub(super) database: f64,
}

impl Usage {
    pub(super) fn now(service: u32, cluster: Option<&Cluster>) -> Result<Self> {
        let database = cluster.map(|cluster| cpu_micros_of_family(cluster.process_id()));
        Ok(Self { service: cpu_micros(service)?, database: database.transpose()?.unwrap_or(0.0) })
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        Self { service: self.service - before.service, database: self.database - before.database }
    }
}

/// A tick of the kernel's accounting: `USER_HZ` is 100 on every Linux.
const TICK_MICROS: f64 = 10_000.0;

/// User and system time of a process and all its threads.
fn cpu_micros(process: u32) -> Result<f64> {
    let [user, system, _, _] = times_micros(process)?;
    Ok(user + system)
}

/// Of a process and its children, those that have ended included.
fn cpu_micros_of_family(process: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let mut sum = times_micros(process)?.iter().sum();
    for child in children.split_whitespace() {
        sum += cpu_micros(child.parse()?).unwrap_or_default();
    }
    Ok(sum)
}

/// User and system time of a process, then of its children that have ended.
fn times_micros(process: u32) -> Result<[f64; 4]> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name before the last parenthesis may hold anything; utime and the others are fields 14 to 17.
    let (_, fields) = stat.rsplit_once(')').ok_or("an unknown kind of /proc")?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(str::parse::<f64>);
    let ticks = ticks.collect::<std::result::Result<Vec<_>, _>>()?;
    let ticks = <[f64; 4]>::try_from(ticks).map_err(|_few| "an unknown kind of /proc")?;
    Ok(ticks.map(|ticks| ticks * TICK_MICROS))
}

pub(super) fn resident_megabytes(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap_or("0");
    Ok(kilobytes.trim().parse::<f64>()? / 1024.0)
}
