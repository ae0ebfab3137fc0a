//! Prometheus metrics, on a separate listener that must not be public.
//!
//! Counters and durations are atomics owned by the code that they measure; they are read and
//! encoded only on a scrape. Request durations are recorded only if the listener is enabled.

mod counter;
mod histogram;
mod process;
mod requests;
mod sheet;

use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
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
    counter::Counter,
    histogram::{Histogram, Totals},
    sheet::{Labels, Sheet, Value},
};
use self::{process::Process, requests::Requests, sheet::MEDIA_TYPE};
pub(crate) use self::{process::count_dropped_log_line, requests::record};

/// Metrics settings.
#[derive(Args, Clone, Debug)]
pub struct MetricsArgs {
    /// Address of the Prometheus endpoint, such as 127.0.0.1:9464; unset: no endpoint. Expose it
    /// only on a private network
    #[arg(long, env)]
    pub metrics_address: Option<SocketAddr>,
}

/// Name and version of the program.
#[derive(Clone, Copy, Debug)]
pub struct Build {
    pub service: &'static str,
    pub version: &'static str,
}

/// Source of the metrics that are specific to a service.
pub trait Figures: Send + Sync + 'static {
    /// Adds the current values to the sheet, except those that cannot be read quickly.
    fn show(&self, sheet: &mut Sheet) -> impl Future<Output = ()>;
}

/// The metrics listener, if enabled.
#[derive(Debug)]
pub struct Metrics(Option<Running>);

#[derive(Debug)]
struct Running {
    address: SocketAddr,
    server: ServerHandle,
    requests: Requests,
}

/// Sources of the metrics that the listener exposes.
struct Shown<F> {
    build: Build,
    process: Process,
    requests: Requests,
    figures: F,
}

impl Metrics {
    /// Serves the metrics on `listener`, if there is one.
    pub fn start<F: Figures>(
        listener: Option<TcpListener>,
        build: Build,
        figures: F,
    ) -> io::Result<Self> {
        let Some(listener) = listener else { return Ok(Self(None)) };
        let requests = Requests::default();
        let process = Process::now();
        let shown = Data::new(Shown { build, process, requests: requests.clone(), figures });
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
        info!(url.full = %format_args!("http://{address}/metrics"), "serving metrics");
        Ok(Self(Some(Running { address, server: handle, requests })))
    }

    /// Returns the address of the listener, if there is one.
    pub fn address(&self) -> Option<SocketAddr> {
        Some(self.0.as_ref()?.address)
    }

    /// Returns a function that every server thread must call on startup, to have its requests
    /// counted.
    pub fn counting(&self) -> impl Fn() + Clone + Send + use<> {
        let requests = self.0.as_ref().map(|running| running.requests.clone());
        move || {
            if let Some(requests) = &requests {
                requests.count_on_this_thread();
            }
        }
    }

    /// Stops the listener. Called last, so that the shutdown can be observed.
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
    sheet.gauges(
        "service_build_info",
        "Name and version of the program; always 1",
        [(labels, 1_u64)],
    );
    process.show(&mut sheet);
    requests.show(&mut sheet);
    figures.show(&mut sheet).await;
    sheet.text().map_or_else(
        |_error| HttpResponse::InternalServerError().finish(),
        |text| HttpResponse::Ok().insert_header((CONTENT_TYPE, MEDIA_TYPE)).body(text),
    )
}
