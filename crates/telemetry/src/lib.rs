//! Logs (by default human-readable on a terminal, and JSON otherwise) with a line for each request
//! except health checks, traces if a collector is configured, and metrics.
//!
//! | item | responsibility |
//! |---|---|
//! | [`init`], [`LogArgs`] | starts the log and the traces |
//! | [`RequestLog`] | records a request in the log, the metrics and the traces |
//! | [`Chain`] | an error with its causes, for a log line |
//! | [`metrics`] | Prometheus metrics, on a separate listener |
//! | `testing` | parses metrics (feature `testing`) |

mod access;
mod chain;
mod lines;
mod log;
pub mod metrics;
mod otlp;
mod request;
mod span_fields;
#[cfg(feature = "testing")]
pub mod testing;
mod time_left;

pub use self::{
    chain::Chain,
    log::{LogArgs, LogFormat, Telemetry, flush, init, init_beside_output},
    otlp::{TraceArgs, trace_headers},
    request::RequestLog,
    time_left::TimeLeft,
};
