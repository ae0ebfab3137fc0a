//! The HTTP server of a service, with limits per connection.
//!
//! [`actix_web::HttpServer`] has no hook between the socket and the HTTP parser, so its parts are
//! assembled here with a custom connection type between them.

mod connection;
mod draining;
mod in_flight;
mod outgoing;
mod upgrade_offers;

use std::{fmt, future::ready, io, net::TcpListener, time::Duration};

use actix_http::{HttpService, Request, Response, body::MessageBody};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    Error,
    dev::{AppConfig, Extensions, Server},
    rt::net::TcpStream,
};
use clap::Args;
use settings::duration;

use self::connection::Connection;
pub use self::in_flight::{Exhausted, Held, InFlight, Reservation};
pub(crate) use self::{
    draining::{close_while_stopping, drain},
    outgoing::outgoing,
};

/// Time limit for a client to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for which an idle connection is kept open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Time limit for a client to close its side of a connection.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Limits on unread responses.
#[derive(Args, Clone, Copy, Debug)]
pub struct ResponseArgs {
    /// Time limit for a client to read the next 64 KiB of a response; a slower client is
    /// disconnected
    #[arg(long, env, default_value = "20s", value_parser = duration)]
    pub client_write_timeout: Duration,

    /// Maximum total size, in MiB, of large responses (over 64 KiB) that clients have not read yet;
    /// further large responses are refused. The limit for one user is a quarter of this size
    #[arg(long, env, default_value_t = 64, value_parser = clap::value_parser!(u16).range(4..))]
    pub max_responses_mib: u16,
}

/// Serves an application on a listener until the server is stopped.
pub(crate) fn serve<F, I, S, B>(
    listener: TcpListener,
    args: ResponseArgs,
    shutdown_timeout: Duration,
    app: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let address = listener.local_addr()?;
    let server = Server::build().disable_signals().shutdown_timeout(shutdown_timeout.as_secs());
    let draining = server.graceful_shutdown_signal();
    let http = move || {
        let draining = draining.clone();
        let app = app().into_factory().map_err(|error: S::Error| error.into().error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let draining = draining.clone();
                async move { draining.notified().await }
            })
            .keep_alive(KEEP_ALIVE)
            .client_request_timeout(HEAD_TIMEOUT)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .local_addr(address)
            .on_connect_ext(|_: &Connection, extensions: &mut Extensions| {
                draining::on_connect(extensions);
            })
            .h1(map_config(app, |()| AppConfig::default()));
        fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr().ok();
            ready(Ok((Connection::new(stream, args.client_write_timeout), peer)))
        })
        .and_then(http)
    };
    Ok(server.listen("http", listener, http)?.run())
}
