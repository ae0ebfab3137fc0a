//! Traces for OpenTelemetry (OTLP over HTTP), if somebody collects them: a span for each request, in
//! the trace that its caller belongs to (W3C Trace Context), and whatever other spans name an
//! `otel.kind`. They hold routes and outcomes, never addresses, which can have secrets in them.
//!
//! A thread of its own sends the spans. While nobody takes them they are dropped.

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

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode, header::HeaderMap},
};
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
use reqwest::{blocking::Client, redirect::Policy};
use tracing::{Metadata, Span, Subscriber, field::Empty, info, info_span, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};
use url::Url;

use crate::config::http_url;

/// What the spans of requests belong to, so that logs can leave them out.
pub(super) const TARGET: &str = "traces";
/// How long sending some spans may take.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the end of the process waits for the last ones.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Who collects traces.
#[derive(Args, Clone, Debug)]
pub struct TraceArgs {
    /// The base address of an OpenTelemetry collector that takes traces by HTTP, such as
    /// `http://localhost:4318`; unset: no traces
    #[arg(long, env, hide_env_values = true, value_parser = http_url)]
    pub otel_exporter_otlp_endpoint: Option<Url>,
    /// What this service is called in traces; default: its own name
    #[arg(long, env)]
    pub otel_service_name: Option<String>,
}

/// Why there are no traces.
#[derive(Debug, thiserror::Error)]
pub(super) enum StartError {
    #[error("no thread can be started")]
    Thread(#[from] io::Error),
    #[error("cannot set up HTTPS; are CA certificates installed?")]
    Client(#[from] reqwest::Error),
    #[error(transparent)]
    Exporter(#[from] ExporterBuildError),
}

/// How traces travel; only there if they are collected.
static PROPAGATOR: OnceLock<TraceContextPropagator> = OnceLock::new();

/// Sends what is left when it is dropped.
#[derive(Debug)]
pub(super) struct Traces(SdkTracerProvider);

impl Traces {
    /// Begins to collect, if there is somebody to send it to. Once per process.
    pub(super) fn start(
        args: &TraceArgs,
        service: &'static str,
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
        Ok(Some(Self(provider)))
    }

    /// What turns spans of this process into spans of traces.
    pub(super) fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer(TARGET))
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
        let _ = self.0.shutdown_with_timeout(FLUSH_TIMEOUT);
    }
}

fn is_for_traces(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.fields().field("otel.kind").is_some()
}

/// It must not be made where async code runs, because it waits for a runtime of its own.
fn client(base: &Url) -> Result<Client, StartError> {
    let mut builder = Client::builder().timeout(SEND_TIMEOUT).redirect(Policy::none());
    if base.scheme() == "http" {
        // A small image may have no certificates, and needs none.
        builder = builder.tls_certs_only([]);
    }
    let client = thread::Builder::new().spawn(move || builder.build())?.join();
    Ok(client.map_err(|_panic| io::Error::other("it has died"))??)
}

/// Sends spans, and says when they are not taken, and when they are again.
#[derive(Debug)]
struct Sender {
    exporter: SpanExporter,
    is_failing: AtomicBool,
}

impl Exporter for Sender {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        let outcome = self.exporter.export(spans).await;
        match (&outcome, self.is_failing.swap(outcome.is_err(), Ordering::Relaxed)) {
            (Err(error), false) => warn!("traces are dropped until they can be sent: {error}"),
            (Ok(()), true) => info!("traces are sent again"),
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

/// A request in its trace; nothing unless traces are collected.
#[derive(Debug)]
pub(super) struct Traced(Span);

impl Traced {
    pub(super) fn start(req: &ServiceRequest) -> Self {
        let Some(propagator) = PROPAGATOR.get() else { return Self(Span::none()) };
        let span = info_span!(
            target: TARGET,
            parent: None,
            "request",
            otel.kind = "server",
            otel.status_code = Empty,
            http.request.method = req.method().as_str(),
            http.route = Empty,
            http.response.status_code = Empty,
        );
        // It can only fail where no span is wanted.
        let _ = span.set_parent(propagator.extract(&Headers(req.headers())));
        Self(span)
    }

    /// In which the request is to be answered.
    pub(super) fn span(&self) -> Span {
        self.0.clone()
    }

    /// It has been answered.
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

/// What makes the receiver of a request a part of the trace that is going on here, for whoever
/// sends one: headers (W3C Trace Context §3). None unless traces are collected.
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
