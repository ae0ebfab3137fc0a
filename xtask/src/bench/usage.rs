//! Resource usage of processes, from `/proc`.

use std::fs;

use crate::Result;

/// User and system time of a service and of its database servers, in microseconds.
pub(super) struct Usage {
    pub(super) service: f64,
    pub(super) database: f64,
}

impl Usage {
    pub(super) fn now(service: u32, servers: &[u32]) -> Result<Self> {
        let database = servers.iter().map(|server| cpu_micros_of_family(*server));
        Ok(Self { service: cpu_micros(service)?, database: database.sum::<Result<f64>>()? })
    }

    pub(super) fn since(&self, before: &Self) -> Self {
        Self { service: self.service - before.service, database: self.database - before.database }
    }
}

/// Duration of a clock tick: `USER_HZ` is 100 on Linux.
const TICK_MICROS: f64 = 10_000.0;

/// Returns the CPU time of a process with all its threads, in microseconds.
fn cpu_micros(process: u32) -> Result<f64> {
    let [user, system, _, _] = times_micros(process)?;
    Ok(user + system)
}

/// Returns the CPU time of a process and its children, including terminated children, in
/// microseconds.
fn cpu_micros_of_family(process: u32) -> Result<f64> {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"))?;
    let mut sum = times_micros(process)?.iter().sum();
    for child in children.split_whitespace() {
        sum += cpu_micros(child.parse()?).unwrap_or_default();
    }
    Ok(sum)
}

/// Returns the user and system time of a process, then those of its terminated children.
fn times_micros(process: u32) -> Result<[f64; 4]> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The process name is in parentheses and may contain spaces and parentheses itself. The fields
    // `utime`, `stime`, `cutime` and `cstime` are numbers 14 to 17.
    let (_, fields) = stat.rsplit_once(')').ok_or("unexpected format of /proc/<pid>/stat")?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(str::parse::<f64>);
    let ticks = ticks.collect::<std::result::Result<Vec<_>, _>>()?;
    let ticks =
        <[f64; 4]>::try_from(ticks).map_err(|_few| "unexpected format of /proc/<pid>/stat")?;
    Ok(ticks.map(|ticks| ticks * TICK_MICROS))
}

pub(super) fn resident_megabytes(process: u32) -> Result<f64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap_or("0");
    Ok(kilobytes.trim().parse::<f64>()? / 1024.0)
}
