//! One line per request. In JSON it is written by hand: at thousands of lines per second the usual
//! way costs as much as the requests.

use std::{
    borrow::Cow,
    io::Write as _,
    sync::OnceLock,
    time::{Duration, Instant},
};

use actix_web::http::{Method, StatusCode};
use chrono::SecondsFormat;
use tracing::{Level, enabled, info};

use super::lines::Lines;
use crate::{Clock, metrics};

/// Where lines of JSON go.
static JSON: OnceLock<Lines> = OnceLock::new();

/// From now on access lines are JSON. Once per process.
pub(super) fn write_json_to(lines: Lines) {
    let _ = JSON.set(lines);
}

/// A request that is being answered.
pub(super) struct Access<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'a Method,
    pub(super) start: Instant,
}

impl Access<'_> {
    /// The route (`/api/tasks/{id}`) is named, never the address that was asked for: addresses can
    /// hold secrets.
    pub(super) fn log(&self, route: Option<&str>, status: StatusCode) {
        let route = route.unwrap_or("(no route)");
        metrics::record(self.method, route, status, self.start);
        // Probes would be most of a quiet service's log.
        if route.starts_with("/health/") || !enabled!(Level::INFO) {
            return;
        }
        let elapsed = self.start.elapsed();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let (method, status) = (self.method, status.as_u16());
        if let Some(lines) = JSON.get() {
            self.write(lines.clone(), route, status, elapsed);
        } else {
            info!(
                http.method = %method,
                http.route = route,
                http.status = status,
                http.elapsed_us = elapsed_us,
                "{method} {route} {status} in {elapsed:.1?}"
            );
        }
    }

    /// As the other lines are written. Only the id can need escaping, and it is printable ASCII:
    /// methods have no quotes, and routes are ours.
    fn write(&self, mut lines: Lines, route: &str, status: u16, elapsed: Duration) {
        let mut line = Vec::with_capacity(320);
        let now = Clock::default().now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let (method, micros) = (self.method, elapsed.as_micros());
        let id = if self.id.contains(['"', '\\']) {
            self.id.replace('\\', "\\\\").replace('"', "\\\"").into()
        } else {
            Cow::Borrowed(self.id)
        };
        let _ = writeln!(
            line,
            "{{\"timestamp\":\"{now}\",\"level\":\"INFO\",\"message\":\"{method} {route} {status} in \
             {elapsed:.1?}\",\"http.method\":\"{method}\",\"http.route\":\"{route}\",\"http.status\":{status},\
             \"http.elapsed_us\":{micros},\"span\":{{\"request.id\":\"{id}\",\"name\":\"request\"}}}}"
        );
        let _ = lines.write_all(&line);
    }
}
