//! What a service shows to Prometheus, read back.

use std::fmt;

/// One scrape.
#[derive(Clone)]
pub struct Scrape(pub String);

impl Scrape {
    /// The figure of a series, written as it is shown: `name{label="value"}`. What was not counted
    /// yet is zero.
    pub fn figure(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_default()
    }

    /// The figure of a series, if it is shown.
    pub fn find(&self, series: &str) -> Option<f64> {
        let value = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        Some(value.parse().expect("a figure is a number"))
    }

    /// How many requests were answered so.
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
