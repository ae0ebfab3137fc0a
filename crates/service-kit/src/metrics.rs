//! Figures for Prometheus, on a listener of their own: never where the public asks.
//!
//! Counters and durations are atomics that the code they are about owns; everything is read, and
//! put into words, only when somebody asks. How long requests took is counted only while there is
//! such a listener.

mod histogram;
mod process;
mod requests;
mod sheet;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    sync::atomic::{AtomicU64, Ordering},
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::ServerHandle,
    http::header::CONTENT_TYPE,
    rt,
    web::{Data, get},
};
use clap::Args;
use tracing::info;

pub use self::{
    histogram::{Histogram, Totals},
    sheet::{Labels, Sheet, Value},
};
use self::{process::Process, requests::Requests, sheet::MEDIA_TYPE};
pub(crate) use requests::record;

/// Where a service shows its figures.
#[derive(Args, Clone, Debug)]
pub struct MetricsArgs {
    /// The address where Prometheus finds the metrics, such as 127.0.0.1:9464; unset: nowhere.
    /// For a private network only
    #[arg(long, env)]
    pub metrics_address: Option<SocketAddr>,
}

/// Which program this is.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub service: &'static str,
    pub version: &'static str,
}

/// The figures that are a service's own.
pub trait Figures: Send + Sync + 'static {
    /// Writes down how things stand. What cannot be found out soon is left out.
    fn show(&self, sheet: &mut Sheet) -> impl Future<Output = ()>;
}

/// Something that happens now and then.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn total(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The listener, if there is one.
#[derive(Debug)]
pub struct Metrics(Option<Running>);

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    server: ServerHandle,
    requests: Requests,
}

/// What the listener reads from.
struct Shown<F> {
    build: Build,
    process: Process,
    requests: Requests,
    figures: F,
}

impl Metrics {
    /// Listens if there is an address to listen on.
    pub fn start<F: Figures>(args: &MetricsArgs, build: Build, figures: F) -> io::Result<Self> {
        let Some(address) = args.metrics_address else { return Ok(Self(None)) };
        let requests = Requests::default();
        let process = Process::now();
        let shown = Data::new(Shown { build, process, requests: requests.clone(), figures });
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let server = HttpServer::new(move || {
            App::new().app_data(shown.clone()).route("/metrics", get().to(scrape::<F>))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)?
        .run();
        let handle = server.handle();
        rt::spawn(server);
        info!("metrics are at http://{address}/metrics");
        Ok(Self(Some(Running { address, server: handle, requests })))
    }

    /// Where the figures are, if anywhere.
    pub fn address(&self) -> Option<SocketAddr> {
        Some(self.0.as_ref()?.address)
    }

    /// What every thread that serves requests calls first, for its requests to be counted.
    pub fn counting(&self) -> impl Fn() + Clone + Send + use<> {
        let requests = self.0.as_ref().map(|running| running.requests.clone());
        move || {
            if let Some(requests) = &requests {
                requests.count_on_this_thread();
            }
        }
    }

    /// Last, so that the end can be watched.
    pub async fn stop(self) {
        if let Some(running) = self.0 {
            running.server.stop(false).await;
        }
    }
}

async fn scrape<F: Figures>(shown: Data<Shown<F>>) -> HttpResponse {
    let Shown { build: Build { service, version }, process, requests, figures } = &**shown;
    let mut sheet = Sheet::default();
    let labels = vec![("service", (*service).to_owned()), ("version", (*version).to_owned())];
    sheet.gauges("service_build_info", "Which program this is: always 1", [(labels, 1_u64)]);
    process.show(&mut sheet);
    requests.show(&mut sheet);
    figures.show(&mut sheet).await;
    sheet.text().map_or_else(
        |_error| HttpResponse::InternalServerError().finish(),
        |text| HttpResponse::Ok().insert_header((CONTENT_TYPE, MEDIA_TYPE)).body(text),
    )
}
