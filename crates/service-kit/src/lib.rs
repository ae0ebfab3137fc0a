//! The chassis of a service: all parts but its state, its routes and its own commands.
//!
//! A service implements [`Service`] and [`Commands`], and its main function is [`run`].
//!
//! | module | responsibility |
//! |---|---|
//! | [`Service`] | what a service supplies: its state, migrations, routes and background workers |
//! | [`run`], [`Commands`] | the main function, and the commands of the service |
//! | [`App`] | the assembled service: listener, order of the middleware, preparation |
//! | [`ServerArgs`] | the settings that all services have |
//! | [`listen`] | the addresses that a service listens on |
//! | [`server`] | the HTTP server and its limits per connection |
//! | [`lifecycle`] | startup and graceful shutdown |
//! | [`worker`] | background work that shuts down gracefully |
//! | [`request`] | the outermost middleware: the request id, the default headers, the log line |
//! | [`origins`], [`cors`] | the exact origins of the web app, and what they may read |
//! | [`client_address`] | the client's address behind trusted proxies |
//! | [`endpoint`] | routing tables as data |
//! | [`body`] | request bodies, read within limits of size and time |
//! | [`entity_tags`] | entity tags, including those modified by proxies |
//! | [`docs`] | the OpenAPI document and Swagger UI |
//! | [`health`] | checks the readiness of a running service |
//! | [`Clock`] | the source of the current time |

mod app;
mod args;
pub mod body;
pub mod client_address;
mod clock;
mod command;
pub mod cors;
mod default_headers;
pub mod docs;
pub mod endpoint;
pub mod entity_tags;
pub mod health;
pub mod lifecycle;
pub mod listen;
pub mod origins;
pub mod request;
pub mod server;
mod service;
mod shutdown;
pub mod worker;

pub use self::{
    app::{App, StartError},
    args::ServerArgs,
    clock::Clock,
    command::{Cli, Command, Commands, LogOutput, run},
    service::{Application, Service, Settings},
};
