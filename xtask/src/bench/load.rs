//! Generates load with wrk and parses its results.

use std::{fs, path::PathBuf, process::Command};

use super::{
    operation::Operation,
    site::{ClientCredentials, Site},
};
use crate::Result;

/// The wrk script that creates the requests.
const SCRIPT: &str = include_str!("load.lua");
const THREADS: u32 = 2;
const WARM_UP_SECONDS: u32 = 1;

/// The amount of load in a measurement.
#[derive(Clone, Copy)]
pub(super) struct Pressure {
    pub(super) connections: u32,
    pub(super) seconds: u32,
}

/// The results of a measurement with wrk.
pub(super) struct Answered {
    pub(super) requests: f64,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Number of unexpected errors, unexpected successes and broken connections.
    pub(super) unexpected: f64,
}

pub(super) struct Load<'a> {
    url: &'a str,
    users: PathBuf,
    operation: &'a Operation,
    client: Option<&'a ClientCredentials>,
    script: PathBuf,
}

impl<'a> Load<'a> {
    pub(super) fn new(site: &'a Site, operation: &'a Operation) -> Result<Self> {
        let users = site.users();
        let script = users.with_extension("lua");
        fs::write(&script, SCRIPT)?;
        Ok(Self {
            url: site.url(operation.service),
            users,
            operation,
            client: site.client(),
            script,
        })
    }

    pub(super) fn warm_up(&self, connections: u32) -> Result {
        self.play(Pressure { connections, seconds: WARM_UP_SECONDS }).map(drop)
    }

    pub(super) fn play(&self, Pressure { connections, seconds }: Pressure) -> Result<Answered> {
        let output = Command::new("wrk")
            .args([format!("-t{THREADS}"), format!("-c{connections}"), format!("-d{seconds}s")])
            .args(["--timeout", "60s", "-s"])
            .arg(&self.script)
            .args([self.url, "--"])
            .arg(&self.users)
            .arg(self.operation.code)
            .args(self.client.into_iter().flat_map(|client| [&client.id, &client.secret]))
            .output()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let figures = text.lines().find_map(|line| line.strip_prefix("FIGURES "));
        let figures = figures.ok_or_else(|| {
            format!("wrk: {}\n{text}{}", output.status, String::from_utf8_lossy(&output.stderr))
        })?;
        let figures: Vec<f64> =
            figures.split(' ').map(str::parse).collect::<std::result::Result<_, _>>()?;
        let &[requests, micros, p50, p99, refused, broken] = figures.as_slice() else {
            return Err("unexpected output of the wrk script".into());
        };
        let wanted = if self.operation.is_refused { requests } else { 0.0 };
        Ok(Answered {
            requests,
            per_second: requests * 1e6 / micros,
            p50_ms: p50 / 1e3,
            p99_ms: p99 / 1e3,
            unexpected: (refused - wanted).abs() + broken,
        })
    }
}
