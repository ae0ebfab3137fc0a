//! Logs (human-readable on a terminal, JSON otherwise), request ids, one access line per request,
//! and traces if a collector is configured.

mod access;
mod lines;
mod otlp;
mod span_fields;
mod to_completion;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    fmt,
    io::{self, IsTerminal, Write},
    panic,
    sync::OnceLock,
    time::{Duration, Instant},
};

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{Extensions, ResponseHead, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use clap::{Args, ValueEnum};
use tracing::{Instrument as _, Subscriber, error, info_span, warn};
use tracing_subscriber::{
    EnvFilter, Layer, filter::ParseError, layer::SubscriberExt as _, registry,
    registry::LookupSpan, util::SubscriberInitExt as _,
};
use uuid::Uuid;

pub use self::otlp::{TraceArgs, trace_headers};
use self::{
    access::Access,
    lines::{Lines, Writer},
    otlp::{Traced, Traces},
    span_fields::SpanFields,
    to_completion::to_completion,
};
use crate::{
    default_headers,
    server::{close_while_stopping, outgoing},
};

/// Header with the request id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX_BYTES: usize = 128;

/// Log settings.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// Log format; default: pretty on a terminal, json otherwise
    #[arg(long, env, value_enum)]
    pub log_format: Option<LogFormat>,
    /// Log filter: a level (`debug`) or levels per module (`info,diesel=debug`)
    #[arg(long, env, default_value = "info,actix_server=warn", value_parser = parse_filter)]
    pub rust_log: String,

    #[command(flatten)]
    pub traces: TraceArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Pretty,
    Json,
}

fn parse_filter(filter: &str) -> Result<String, ParseError> {
    EnvFilter::try_new(filter).map(|_| filter.to_owned())
}

/// Destination of log lines. There is one log per process.
static LOG: OnceLock<Lines> = OnceLock::new();

/// Flushes the remaining traces and log lines on drop.
#[derive(Debug)]
#[must_use = "the log ends with it"]
pub struct Telemetry {
    _traces: Option<Traces>,
    _writer: Writer,
}

/// Starts logging to standard output and, if a collector is configured, sending traces to it.
/// `service` is the default service name in traces. Must be called only once per process.
pub fn init(args: &LogArgs, service: &'static str) -> Telemetry {
    init_on(io::stdout(), args, service)
}

/// Starts logging and tracing like [`init`], but logs to standard error, for commands that write
/// other data to standard output.
pub fn init_beside_output(args: &LogArgs, service: &'static str) -> Telemetry {
    init_on(io::stderr(), args, service)
}

/// Starts logging to `output`. A separate thread writes the lines in batches.
fn init_on(
    output: impl Write + IsTerminal + Send + 'static,
    args: &LogArgs,
    service: &'static str,
) -> Telemetry {
    let by_terminal = if output.is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let format = args.log_format.unwrap_or(by_terminal);
    let (lines, writer) = lines::start(output);
    let _ = LOG.set(lines.clone());
    report_panics();
    if matches!(format, LogFormat::Json) {
        access::write_json_to(lines.clone());
    }
    let filter = filter(args);
    let traces = Traces::start(&args.traces, service);
    match &traces {
        Ok(Some(traces)) => {
            let log = log(format, lines).with_filter(filter);
            registry().with(log).with(traces.layer()).init();
        }
        // A global filter is cheaper than a filter per layer.
        Ok(None) | Err(_) => registry().with(filter).with(log(format, lines)).init(),
    }
    let traces = traces.unwrap_or_else(|error| {
        warn!(error = %Chain(&error), "cannot export traces");
        None
    });
    Telemetry { _traces: traces, _writer: writer }
}

/// Logs panics, because standard error may be a pipe that nobody reads.
fn report_panics() {
    panic::set_hook(Box::new(|panic| {
        let error = panic.payload_as_str().unwrap_or("(no message)");
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        let backtrace = Backtrace::capture();
        if backtrace.status() == BacktraceStatus::Captured {
            error!(error, %location, %backtrace, "panicked");
        } else {
            error!(error, %location, "panicked");
        }
    }));
}

/// Waits until the log is written, but for at most `limit`.
pub(crate) fn flush(limit: Duration) {
    if let Some(lines) = LOG.get() {
        lines.flush_within(limit);
    }
}

fn filter(args: &LogArgs) -> EnvFilter {
    // actix-http logs malformed requests, which any client can send, as errors.
    let strangers = (!args.rust_log.contains("actix_http")).then(|| "actix_http=off".to_owned());
    // At `debug`, the driver can log the parameters of statements: e-mail addresses, hashes, keys.
    // Spans with the trace target are not meant for logs.
    let quiet = ["tokio_postgres=info".to_owned(), format!("{}=off", otlp::TARGET)];
    let quiet = quiet.into_iter().chain(strangers);
    let quiet = quiet.filter_map(|directive| directive.parse().ok());
    quiet.fold(EnvFilter::new(&args.rust_log), EnvFilter::add_directive)
}

fn log<S>(format: LogFormat, lines: Lines) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(lines).with_target(false);
    match format {
        LogFormat::Pretty => layer.boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .fmt_fields(SpanFields::default())
            .boxed(),
    }
}

/// Reason for rejecting a request, safe to log.
struct Cause(String);

/// Adds the reason for rejecting a request to its access line.
pub fn set_cause(response: &mut HttpResponse, cause: String) {
    response.extensions_mut().insert(Cause(cause));
}

/// Outermost middleware: assigns a request id, runs the request to completion and logs it in one
/// line, except for health probes.
///
/// A client that disconnects cannot cancel the request between two statements.
pub async fn request(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let start = Instant::now();
    let id = request_id(&req);
    let method = req.method().clone();
    let span = info_span!("request", request.id = id.to_str().unwrap_or_default());
    let traced = Traced::start(&req);

    let answering = next.call(req).instrument(traced.span()).instrument(span.clone());
    let outcome = to_completion(answering).await;
    let name = id.clone();
    let log = |route: Option<&str>, status: StatusCode, extensions: &Extensions| {
        let id = name.to_str().unwrap_or_default();
        let cause = extensions.get::<Cause>().map(|Cause(cause)| cause.as_str());
        traced.end(&method, route, status);
        span.in_scope(|| Access { id, method: &method, start, cause }.log(route, status));
    };
    match outcome {
        Ok(Ok(mut response)) => {
            sign(response.response_mut().head_mut(), id);
            let route = response.request().match_pattern();
            log(route.as_deref(), response.status(), &response.response().extensions());
            Ok(response.map_body(|_, body| outgoing(body, method == Method::HEAD)))
        }
        Ok(Err(error)) => {
            let mut response = error.error_response();
            sign(response.head_mut(), id);
            log(None, response.status(), &response.extensions());
            Err(InternalError::from_response(error, response).into())
        }
        // The panic hook has already logged the panic.
        Err(panic) => {
            let mut response = HttpResponse::InternalServerError().finish();
            sign(response.head_mut(), id);
            log(None, response.status(), &response.extensions());
            Err(InternalError::from_response(panic, response).into())
        }
    }
}

/// Adds the request id and the default headers. Closes the connection if the process is shutting
/// down.
fn sign(response: &mut ResponseHead, id: HeaderValue) {
    response.headers_mut().insert(REQUEST_ID, id);
    default_headers::add(response);
    close_while_stopping(response);
}

/// Returns the client's request id if it is safe to log, or else a new one.
fn request_id(req: &ServiceRequest) -> HeaderValue {
    let is_loggable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_MAX_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    req.headers().get(&REQUEST_ID).filter(is_loggable).cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::now_v7().simple().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    })
}

/// An error with its causes, for a single log line. A cause is omitted if the message before it
/// already ends with it.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        f.write_str(&text)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let of_cause = error.to_string();
            if !text.ends_with(&of_cause) {
                write!(f, ": {of_cause}")?;
                text = of_cause;
            }
            cause = error.source();
        }
        Ok(())
    }
}
