//! The chassis of a service: the parts between its routes and the network.
//!
//! | module | responsibility |
//! |---|---|
//! | [`listen`] | the addresses that a service listens on |
//! | [`server`] | the HTTP server and its limits per connection |
//! | [`lifecycle`] | startup and graceful shutdown |
//! | [`worker`] | background work that shuts down gracefully |
//! | [`request`] | the outermost middleware: the request id, the default headers, the log line |
//! | [`origins`], [`cors`] | the exact origins of the web app, and what they may read |
//! | [`client_address`] | the client's address behind trusted proxies |
//! | [`body`] | request bodies, read within limits of size and time |
//! | [`entity_tags`] | entity tags, including those modified by proxies |
//! | [`docs`] | the OpenAPI document and Swagger UI |
//! | [`health`] | checks the readiness of a running service |
//! | [`Clock`] | the source of the current time |

pub mod body;
pub mod client_address;
mod clock;
pub mod cors;
mod default_headers;
pub mod docs;
pub mod entity_tags;
pub mod health;
pub mod lifecycle;
pub mod listen;
pub mod origins;
pub mod request;
pub mod server;
mod shutdown;
pub mod worker;

pub use self::clock::Clock;
