//! Logs (human-readable on a terminal, JSON otherwise), one line per request, and traces if a
//! collector is configured.

mod access;
mod chain;
mod lines;
mod log;
mod otlp;
mod request;
mod span_fields;
mod time_left;

pub use self::{
    chain::Chain,
    log::{LogArgs, LogFormat, Telemetry, flush, init, init_beside_output},
    otlp::{TraceArgs, trace_headers},
    request::RequestLog,
    time_left::TimeLeft,
};
