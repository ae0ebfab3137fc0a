//! The access log. Fields follow OpenTelemetry's HTTP conventions; the duration is in seconds. JSON
//! lines are formatted by hand: at thousands of lines per second, the generic formatter costs as
//! much as handling the requests.

use std::{
    borrow::Cow,
    io::Write as _,
    sync::OnceLock,
    time::{Duration, Instant, SystemTime},
};

use actix_web::http::{Method, StatusCode};
use tracing::{Level, enabled, info};

use super::lines::Lines;
use crate::metrics;

/// The output of the access log; set if the log is JSON.
static JSON: OnceLock<Lines> = OnceLock::new();

/// Switches the access log to JSON. Called at most once per process.
pub(super) fn write_json_to(lines: Lines) {
    let _ = JSON.set(lines);
}

/// A request to be logged.
pub(super) struct Access<'a> {
    pub(super) id: &'a str,
    pub(super) method: &'a Method,
    pub(super) start: Instant,
    /// Reason why the request was rejected; `None` if the service gave no reason.
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
        if let Some(lines) = JSON.get() {
            self.write(lines, route, status, elapsed);
        } else {
            let (method, status) = (self.method, status.as_u16());
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

    /// Writes the line in the format of the JSON formatter. Methods contain no quotes or
    /// backslashes, and routes are constants, so only the id and the cause may need escaping. The
    /// id is printable ASCII, so escaping its quotes and backslashes is enough; `serde_json`
    /// escapes the cause.
    fn write(&self, lines: &Lines, route: &str, status: StatusCode, elapsed: Duration) {
        let now = humantime::format_rfc3339_micros(SystemTime::now()).to_string();
        let (method, status) = (self.method.as_str(), status.as_str());
        let shown = format!("{elapsed:.1?}");
        let seconds = format!("{}.{:06}", elapsed.as_secs(), elapsed.subsec_micros());
        let id = if self.id.contains(['"', '\\']) {
            self.id.replace('\\', "\\\\").replace('"', "\\\"").into()
        } else {
            Cow::Borrowed(self.id)
        };
        let cause = self.cause.and_then(|cause| serde_json::to_string(cause).ok());
        let cause = cause.map(|cause| format!("\"error\":{cause},")).unwrap_or_default();
        #[rustfmt::skip]
        let line = [
            "{\"timestamp\":\"", &now, "\",\"level\":\"INFO\",\"message\":\"", method, " ", route, " ",
            status, " in ", &shown, "\",\"http.request.method\":\"", method, "\",\"http.route\":\"",
            route, "\",\"http.response.status_code\":", status,
            ",\"http.server.request.duration\":", &seconds, ",", &cause,
            "\"span\":{\"request.id\":\"", &id, "\",\"name\":\"request\"}}\n",
        ]
        .concat();
        let _ = lines.clone().write_all(line.as_bytes());
    }
}
