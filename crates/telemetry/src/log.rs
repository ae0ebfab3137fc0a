//! The log of the process: its settings, format and output.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, IsTerminal, Write},
    panic,
    sync::OnceLock,
    time::Duration,
};

use clap::{Args, ValueEnum};
use tracing::{Subscriber, error, warn};
use tracing_subscriber::{
    EnvFilter, Layer, filter::ParseError, layer::SubscriberExt as _, registry,
    registry::LookupSpan, util::SubscriberInitExt as _,
};

use super::{
    access,
    chain::Chain,
    lines::{self, Lines, Writer},
    otlp::{self, TraceArgs, Traces},
    span_fields::SpanFields,
    time_left::TimeLeft,
};

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

/// Guard that flushes the remaining traces and log lines when dropped.
#[derive(Debug)]
#[must_use = "the log ends with it"]
pub struct Telemetry {
    _traces: Option<Traces>,
    _writer: Writer,
}

/// Starts logging to standard output and, if a collector is configured, sending traces to it.
/// `service` is the default service name in traces. `time_left` limits the time for flushing the
/// last lines and traces. Must be called only once per process.
pub fn init(args: &LogArgs, service: &'static str, time_left: TimeLeft) -> Telemetry {
    init_on(io::stdout(), args, service, time_left)
}

/// Starts logging and tracing like [`init`], but logs to standard error, for commands that write
/// other data to standard output.
pub fn init_beside_output(args: &LogArgs, service: &'static str, time_left: TimeLeft) -> Telemetry {
    init_on(io::stderr(), args, service, time_left)
}

/// Starts logging to `output`, and tracing. A separate thread writes the lines in batches.
fn init_on(
    output: impl Write + IsTerminal + Send + 'static,
    args: &LogArgs,
    service: &'static str,
    time_left: TimeLeft,
) -> Telemetry {
    let by_terminal = if output.is_terminal() { LogFormat::Pretty } else { LogFormat::Json };
    let format = args.log_format.unwrap_or(by_terminal);
    let (lines, writer) = lines::start(output, time_left);
    let _ = LOG.set(lines.clone());
    report_panics();
    if matches!(format, LogFormat::Json) {
        access::write_json_to(lines.clone());
    }
    let filter = filter(args);
    let traces = Traces::start(&args.traces, service, time_left);
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
pub fn flush(limit: Duration) {
    if let Some(lines) = LOG.get() {
        lines.flush_within(limit);
    }
}

fn filter(args: &LogArgs) -> EnvFilter {
    // actix-http logs malformed requests, which any client can send, as errors.
    let strangers = (!args.rust_log.contains("actix_http")).then(|| "actix_http=off".to_owned());
    // At `debug`, the driver logs the parameters of statements, which can be e-mail addresses,
    // hashes or keys. Spans with the trace target are not meant for logs.
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
