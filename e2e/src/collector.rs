//! A trace collector (OTLP over HTTP) that keeps the received spans.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span},
};
use prost::Message as _;

/// A collector that listens until the process exits.
#[derive(Debug)]
pub struct Collector {
    pub url: String,
    spans: Arc<Mutex<Vec<Collected>>>,
}

/// A received span, with ids in hexadecimal.
#[derive(Clone, Debug)]
pub struct Collected {
    pub service: String,
    pub name: String,
    pub trace_id: String,
    pub span_id: String,
    pub parent_id: String,
    pub span: Span,
}

impl Collector {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let spans = Arc::new(Mutex::default());
        thread::spawn({
            let spans = Arc::clone(&spans);
            move || {
                for stream in listener.incoming() {
                    let (stream, spans) = (stream.expect("somebody connects"), Arc::clone(&spans));
                    // Errors are ignored: services close connections when they stop, and the tests
                    // notice missing spans.
                    thread::spawn(move || receive(stream, &spans));
                }
            }
        });
        Self { url: format!("http://{address}"), spans }
    }

    pub fn spans(&self) -> Vec<Collected> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the spans of a trace that were received so far.
    pub fn trace(&self, trace_id: &str) -> Vec<Collected> {
        let mut spans = self.spans();
        spans.retain(|span| span.trace_id == trace_id);
        spans
    }
}

/// Collects the spans from the requests on a connection until it is closed.
fn receive(stream: TcpStream, spans: &Mutex<Vec<Collected>>) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        let mut is_for_traces = None;
        while line != "\r\n" {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            is_for_traces.get_or_insert_with(|| line.starts_with("POST /v1/traces "));
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        assert_eq!(is_for_traces, Some(true), "nothing else is sent here");
        let request = ExportTraceServiceRequest::decode(&*body).map_err(io::Error::other)?;
        let collected = request.resource_spans.into_iter().flat_map(collected);
        spans.lock().unwrap_or_else(PoisonError::into_inner).extend(collected);
        reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn collected(sent: ResourceSpans) -> impl Iterator<Item = Collected> {
    let attributes = sent.resource.map(|resource| resource.attributes).unwrap_or_default();
    let service = text(&attributes, "service.name").unwrap_or_default();
    sent.scope_spans.into_iter().flat_map(|scope| scope.spans).map(move |span| Collected {
        service: service.clone(),
        name: span.name.clone(),
        trace_id: hex(&span.trace_id),
        span_id: hex(&span.span_id),
        parent_id: hex(&span.parent_span_id),
        span,
    })
}

fn text(attributes: &[KeyValue], key: &str) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.key == key)?;
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}
