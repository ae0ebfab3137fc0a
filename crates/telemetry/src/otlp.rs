//! Exports OpenTelemetry traces (OTLP over HTTP) if a collector is configured: a span for each
//! request, in the trace of its caller (W3C Trace Context), and all other spans that have an
//! `otel.kind`. Spans contain routes and outcomes, but no URLs, because those can contain secrets.
//!
//! A dedicated thread sends the spans. Spans that it cannot send are dropped.

use std::{
    collections::HashMap,
    io,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use actix_web::http::{Method, StatusCode, header::HeaderMap};
use clap::Args;
use opentelemetry::{
    propagation::{Extractor, TextMapPropagator as _},
    trace::{TraceContextExt as _, TracerProvider as _},
};
use opentelemetry_otlp::{
    ExporterBuildError, SpanExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    propagation::TraceContextPropagator,
    trace::{SdkTracerProvider, SpanData, SpanExporter as Exporter},
};
use reqwest::blocking::{Client, ClientBuilder};
use settings::http_url;
use tracing::{Metadata, Span, Subscriber, field::Empty, info, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};
use url::Url;

use super::time_left::{TimeLeft, share};

/// Target of request spans, so that logs can exclude them.
pub(super) const TARGET: &str = "traces";
/// Time limit for sending a batch of spans.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// Time limit for sending the last spans on shutdown.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Trace settings.
#[derive(Args, Clone, Debug)]
pub struct TraceArgs {
    /// Base URL of an OpenTelemetry collector for traces over HTTP, such as `http://localhost:4318`;
    /// unset: no traces
    #[arg(long, env, hide_env_values = true, value_parser = http_url)]
    pub otel_exporter_otlp_endpoint: Option<Url>,
    /// Name of this service in traces; default: the name of the program
    #[arg(long, env)]
    pub otel_service_name: Option<String>,
}

/// Reasons why the exporter could not start.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("cannot start a thread")]
    Thread(#[from] io::Error),
    #[error("cannot set up HTTPS; are CA certificates installed?")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// Propagator of trace contexts; set only if traces are exported.
static PROPAGATOR: OnceLock<TraceContextPropagator> = OnceLock::new();

/// The running export; sends the remaining spans when dropped.
#[derive(Debug)]
pub(super) struct Traces {
    provider: SdkTracerProvider,
    time_left: TimeLeft,
}

impl Traces {
    /// Starts exporting if a collector is configured. Called once per process.
    pub(super) fn start(
        args: &TraceArgs,
        service: &'static str,
        time_left: TimeLeft,
    ) -> Result<Option<Self>, StartError> {
        let Some(base) = &args.otel_exporter_otlp_endpoint else { return Ok(None) };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client(base)?)
            .with_timeout(SEND_TIMEOUT)
            .with_endpoint(format!("{}/v1/traces", base.as_str().trim_end_matches('/')))
            .build()?;
        let name = args.otel_service_name.clone().unwrap_or_else(|| service.to_owned());
        let provider = SdkTracerProvider::builder()
            .with_resource(Resource::builder().with_service_name(name).build())
            .with_batch_exporter(Sender { exporter, is_failing: AtomicBool::new(false) })
            .build();
        let _ = PROPAGATOR.set(TraceContextPropagator::new());
        Ok(Some(Self { provider, time_left }))
    }

    /// Returns the layer that exports the spans of this process.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(TARGET))
            .with_context_activation(false)
            .with_level(false)
            .with_location(false)
            .with_target(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(is_for_traces))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        let limit = share(self.time_left, FLUSH_TIMEOUT);
        let _ = self.provider.shutdown_with_timeout(limit);
    }
}

fn is_for_traces(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.fields().field("otel.kind").is_some()
}

/// Creates the blocking HTTP client. A separate thread does so, because creating a blocking client
/// in async code panics.
fn client(base: &Url) -> Result<Client, StartError> {
    let builder = ClientBuilder::from(http_client::builder(base)).timeout(SEND_TIMEOUT);
    let client = thread::Builder::new().spawn(move || builder.build())?.join();
    Ok(client.map_err(|_panic| io::Error::other("the thread panicked"))??)
}

/// Exporter that also logs when sending starts to fail and when it recovers.
#[derive(Debug)]
struct Sender {
    exporter: SpanExporter,
    is_failing: AtomicBool,
}

impl Exporter for Sender {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(spans).await;
        match (&outcome, self.is_failing.swap(outcome.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => warn!(%error, "cannot export traces, dropping them"),
            (Ok(()), true) => info!("exporting traces again"),
            _ => {}
        }
        outcome
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

/// The span of a request; empty unless traces are exported.
#[derive(Debug)]
pub(super) struct Traced(Span);

impl Traced {
    pub(super) fn start(method: &Method, headers: &HeaderMap) -> Self {
        let Some(propagator) = PROPAGATOR.get() else { return Self(Span::none()) };
        let span = info_span!(
            target: TARGET,
            parent: None,
            "request",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = method.as_str(),
            http.route = Empty,
            http.response.status_code = Empty,
        );
        // An error only means that the span is disabled.
        let _ = span.set_parent(propagator.extract(&Headers(headers)));
        Self(span)
    }

    /// Returns the span in which the request is handled.
    pub(super) fn span(&self) -> Span {
        self.0.clone()
    }

    /// Records the response.
    pub(super) fn end(&self, method: &Method, route: Option<&str>, status: StatusCode) {
        if self.0.is_none() {
            return;
        }
        let mut name = method.to_string();
        if let Some(route) = route {
            name = format!("{name} {route}");
            self.0.record("http.route", route);
        }
        self.0.context().span().update_name(name);
        self.0.record("http.response.status_code", i64::from(status.as_u16()));
        if status.is_server_error() {
            self.0.record("otel.status_code", "ERROR");
        }
    }
}

/// Returns the headers that make a request part of the current trace (W3C Trace Context §3). There
/// are none outside of traces, or if traces are not exported.
pub fn trace_headers() -> Vec<(String, String)> {
    let Some(propagator) = PROPAGATOR.get() else { return Vec::new() };
    let mut headers = HashMap::new();
    propagator.inject_context(&Span::current().context(), &mut headers);
    headers.into_iter().collect()
}

/// The headers of a request, as the propagator reads them.
struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(actix_web::http::header::HeaderName::as_str).collect()
    }
}
