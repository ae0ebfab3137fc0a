//! Parses Prometheus metrics.

#![expect(clippy::expect_used, reason = "a test that cannot go on should stop here")]

use std::fmt;

/// The text of one scrape.
#[derive(Clone)]
pub struct Scrape(pub String);

impl Scrape {
    /// Returns the value of a series, or zero if it is missing. `series` is written as exposed:
    /// `name{label="value"}`.
    pub fn figure(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_default()
    }

    /// Returns the value of a series, if it exists.
    pub fn find(&self, series: &str) -> Option<f64> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().expect("a figure is a number"))
    }

    /// Returns the number of requests with this method, route and status.
    pub fn requests(&self, method: &str, route: &str, status: u16) -> f64 {
        self.figure(&format!(
            "http_request_duration_seconds_count\
             {{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        ))
    }
}

impl fmt::Debug for Scrape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
