//! Logs: pretty on a terminal, JSON otherwise; a request id in and out; one line per request. And
//! traces, if somebody collects them.

mod access;
mod lines;
mod otlp;

use std::{
    fmt,
    io::{self, IsTerminal, Write},
    time::Instant,
};

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{ResponseHead, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
    rt,
};
use clap::{Args, ValueEnum};
use tracing::{Instrument as _, Subscriber, info_span, warn};
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
};
use crate::lifecycle;

/// The header that carries the request id, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX_BYTES: usize = 128;

/// How a service logs.
#[derive(Args, Clone, Debug)]
pub struct LogArgs {
    /// How log lines look; default: pretty on a terminal, else json
    #[arg(long, env, value_enum)]
    pub log_format: Option<LogFormat>,
    /// What is logged: a level (`debug`) or a filter per module (`info,diesel=debug`)
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

/// Sends what is left of the traces and writes what is left of the log when it is dropped.
#[derive(Debug)]
#[must_use = "the log ends with it"]
pub struct Telemetry {
    _traces: Option<Traces>,
    _writer: Writer,
}

/// Sends this process's log to standard output, and traces to whoever collects them, in the name of
/// `service`. Once per process.
pub fn init(args: &LogArgs, service: &'static str) -> Telemetry {
    init_on(io::stdout(), args, service)
}

/// The same to standard error, for a command whose standard output is something else.
pub fn init_beside_output(args: &LogArgs, service: &'static str) -> Telemetry {
    init_on(io::stderr(), args, service)
}

/// A thread of its own writes the lines, as many at a time as there are.
fn init_on(
    output: impl Write + IsTerminal + Send + 'static,
    args: &LogArgs,
    service: &'static str,
) -> Telemetry {
    let by_terminal = if output.is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let format = args.log_format.unwrap_or(by_terminal);
    let (lines, writer) = lines::start(output);
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
        // A filter that is nobody's own costs less.
        Ok(None) | Err(_) => registry().with(filter).with(log(format, lines)).init(),
    }
    let traces = traces.unwrap_or_else(|error| {
        warn!("there are no traces: {}", Chain(&error));
        None
    });
    Telemetry { _traces: traces, _writer: writer }
}

fn filter(args: &LogArgs) -> EnvFilter {
    // At `debug` the driver logs the parameters of every statement: addresses, hashes, keys. What is
    // for traces is not for logs.
    let quiet = ["tokio_postgres=info".to_owned(), format!("{}=off", otlp::TARGET)];
    let quiet = quiet.iter().filter_map(|directive| directive.parse().ok());
    quiet.fold(EnvFilter::new(&args.rust_log), EnvFilter::add_directive)
}

fn log<S>(format: LogFormat, lines: Lines) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(lines).with_target(false);
    match format {
        LogFormat::Pretty => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

/// Middleware, the outermost: names the request, runs it to its end, and logs it in one line.
///
/// The request runs as a task of its own, so that a client who hangs up cannot
/// stop it between two statements.
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
    let outcome = rt::spawn(answering).await;
    let name = id.clone();
    let log = |route: Option<&str>, status: StatusCode| {
        let id = name.to_str().unwrap_or_default();
        traced.end(&method, route, status);
        span.in_scope(|| Access { id, method: &method, start }.log(route, status));
    };
    match outcome {
        Ok(Ok(mut response)) => {
            sign(response.response_mut().head_mut(), id);
            log(response.request().match_pattern().as_deref(), response.status());
            Ok(response)
        }
        Ok(Err(error)) => {
            let mut response = error.error_response();
            sign(response.head_mut(), id);
            log(None, response.status());
            Err(InternalError::from_response(error, response).into())
        }
        // The panic has been reported where it happened.
        Err(panic) => {
            let mut response = HttpResponse::InternalServerError().finish();
            sign(response.head_mut(), id);
            log(None, response.status());
            Err(InternalError::from_response(panic, response).into())
        }
    }
}

/// What every answer says.
fn sign(answer: &mut ResponseHead, id: HeaderValue) {
    answer.headers_mut().insert(REQUEST_ID, id);
    lifecycle::let_go(answer);
}

/// The caller's id for this request, if it is one that can be logged; else a new one.
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

/// An error with all its causes, for one log line.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn std::error::Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.0, f)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
