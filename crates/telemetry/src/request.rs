//! The log line, the metrics and the trace of a request.

use std::time::Instant;

use actix_web::http::{
    Method, StatusCode,
    header::{HeaderMap, HeaderValue},
};
use tracing::{Instrument as _, Span, info_span};

use super::{access::Access, otlp::Traced};

/// A request in progress.
#[derive(Debug)]
pub struct RequestLog {
    id: HeaderValue,
    method: Method,
    start: Instant,
    span: Span,
    traced: Traced,
}

impl RequestLog {
    /// Starts the spans of a request. `id` is the request id that the log shows.
    pub fn start(id: HeaderValue, method: &Method, headers: &HeaderMap) -> Self {
        let start = Instant::now();
        let span = info_span!("request", request.id = id.to_str().unwrap_or_default());
        let traced = Traced::start(method, headers);
        Self { id, method: method.clone(), start, span, traced }
    }

    /// Returns `handling`, instrumented with the spans of the request.
    pub fn instrument<F: Future>(&self, handling: F) -> impl Future<Output = F::Output> + use<F> {
        handling.instrument(self.traced.span()).instrument(self.span.clone())
    }

    /// Records the response in the trace and the metrics. Also logs it in one line, unless the request
    /// is a health probe. `cause` is the reason why the request was rejected, if the service gave one.
    pub fn end(&self, route: Option<&str>, status: StatusCode, cause: Option<&str>) {
        let Self { id, method, start, span, traced } = self;
        let id = id.to_str().unwrap_or_default();
        traced.end(method, route, status);
        span.in_scope(|| Access { id, method, start: *start, cause }.log(route, status));
    }
}
