//! The access log. Fields follow OpenTelemetry's HTTP conventions; the duration is in seconds. JSON
//! lines are formatted by hand: at thousands of lines per second, the generic formatter costs as
//! much as handling the requests.

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

/// Output of JSON lines.
static JSON: OnceLock<Lines> = OnceLock::new();

/// Switches the access log to JSON. Called once per process.
pub(super) fn write_json_to(lines: Lines) {
    let _ = JSON.set(lines);
}

/// A request in flight.
pub(super) struct Access<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'a Method,
    pub(super) start: Instant,
    /// Reason why the request was rejected.
    pub(super) cause: Option<&'a str>,
}

impl Access<'_> {
    /// Records the request in the metrics, and logs its route (`/api/tasks/{id}`), but never its
    /// URL, which can contain secrets.
    pub(super) fn log(&self, route: Option<&str>, status: StatusCode) {
        let route = route.unwrap_or("(no route)");
        metrics::record(self.method, route, status, self.start);
        // Health probes would dominate the log of a quiet service.
        if route.starts_with("/health/") || !enabled!(Level::INFO) {
            return;
        }
        let elapsed = self.start.elapsed();
        let (method, status) = (self.method, status.as_u16());
        if let Some(lines) = JSON.get() {
            self.write(lines.clone(), route, status, elapsed);
        } else {
            info!(
                http.request.method = %method,
                http.route = route,
                http.response.status_code = status,
                http.server.request.duration = elapsed.as_secs_f64(),
                error = self.cause,
                "{method} {route} {status} in {elapsed:.1?}"
            );
        }
    }

    /// Formats the line like the JSON formatter. Apart from the cause, only the id may need
    /// escaping, and it is printable ASCII: methods contain no quotes, and routes are constants.
    fn write(&self, mut lines: Lines, route: &str, status: u16, elapsed: Duration) {
        let mut line = Vec::with_capacity(320);
        let now = Clock::default().now().to_rfc3339_opts(SecondsFormat::Micros, true);
        let (method, seconds) = (self.method, elapsed.as_secs_f64());
        let id = if self.id.contains(['"', '\\']) {
            self.id.replace('\\', "\\\\").replace('"', "\\\"").into()
        } else {
            Cow::Borrowed(self.id)
        };
        let cause = self.cause.and_then(|cause| serde_json::to_string(cause).ok());
        let cause = cause.map(|cause| format!("\"error\":{cause},")).unwrap_or_default();
        let _ = writeln!(
            line,
            "{{\"timestamp\":\"{now}\",\"level\":\"INFO\",\"message\":\"{method} {route} {status} in \
             {elapsed:.1?}\",\"http.request.method\":\"{method}\",\"http.route\":\"{route}\",\
             \"http.response.status_code\":{status},\"http.server.request.duration\":{seconds:.6},\
             {cause}\"span\":{{\"request.id\":\"{id}\",\"name\":\"request\"}}}}"
        );
        let _ = lines.write_all(&line);
    }
}
