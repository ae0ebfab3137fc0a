//! Routing tables as data, which tests can compare with the description of an API.

use actix_web::{
    Route,
    guard::{self, Any},
    http::Method,
};

pub const GET: &[Method] = &[Method::GET];
pub const HEAD: &[Method] = &[Method::HEAD];
/// The methods of an endpoint that serves HEAD like GET.
pub const READ: &[Method] = &[Method::GET, Method::HEAD];
pub const POST: &[Method] = &[Method::POST];
pub const PUT: &[Method] = &[Method::PUT];
pub const PATCH: &[Method] = &[Method::PATCH];
pub const DELETE: &[Method] = &[Method::DELETE];

/// A line of a routing table.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint(
    pub &'static [Method],
    /// The path, relative to the scope of the table.
    pub &'static str,
    /// The handler, such as `|| to(list_tasks)`.
    pub fn() -> Route,
);

impl Endpoint {
    /// Returns the handler as a route for the methods.
    pub fn route(&self) -> Route {
        let Self(methods, _, handler) = self;
        let none = Any(guard::fn_guard(|_| false));
        // Of all guards, only `Method` adds its method to the `Allow` header of a 405 response.
        let guard = methods.iter().fold(none, |any, method| any.or(guard::Method(method.clone())));
        handler().guard(guard)
    }
}
