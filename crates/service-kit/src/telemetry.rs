//! Logs: pretty on a terminal, JSON otherwise; a request id in and out; one line per request.

mod access;

use std::{
    fmt,
    io::{BufWriter, IsTerminal as _},
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
use tracing::{Instrument as _, info_span};
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::{EnvFilter, filter::ParseError};
use uuid::Uuid;

use self::access::Access;
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
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Pretty,
    Json,
}

fn parse_filter(filter: &str) -> Result<String, ParseError> {
    EnvFilter::try_new(filter).map(|_| filter.to_owned())
}

/// Writes what is left of the log when it is dropped.
#[derive(Debug)]
#[must_use = "the log ends with it"]
pub struct Telemetry {
    _writer: WorkerGuard,
}

/// Sends this process's log to standard output. Once per process.
///
/// A thread of its own writes the lines, as many at a time as there are.
pub fn init(args: &LogArgs) -> Telemetry {
    let mut filter = EnvFilter::new(&args.rust_log);
    // At `debug` the driver logs the parameters of every statement: addresses, hashes, keys.
    if let Ok(quiet) = "tokio_postgres=info".parse() {
        filter = filter.add_directive(quiet);
    }
    let stdout = std::io::stdout();
    let by_terminal = if stdout.is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let (lines, writer) = NonBlockingBuilder::default().lossy(false).finish(BufWriter::new(stdout));
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(lines.clone());
    match args.log_format.unwrap_or(by_terminal) {
        LogFormat::Pretty => subscriber.with_target(false).init(),
        LogFormat::Json => {
            access::write_json_to(lines);
            subscriber.json().flatten_event(true).with_span_list(false).with_target(false).init();
        }
    }
    Telemetry { _writer: writer }
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

    let outcome = rt::spawn(next.call(req).instrument(span.clone())).await;
    let name = id.clone();
    let log = |route: Option<&str>, status: StatusCode| {
        let id = name.to_str().unwrap_or_default();
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
