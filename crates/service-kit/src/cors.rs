//! CORS (WHATWG Fetch §3.3) for exactly the configured origins: never `*`, and never an arbitrary
//! origin.
//!
//! `actix-cors` is unsuitable, because it replaces the `Access-Control-Expose-Headers` of a
//! response. This middleware adds names to that header.

use std::sync::Arc;

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{
            ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
            ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
            ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
};

use tracing::info;

use crate::origins::WebOrigin;

/// Time in seconds for which browsers may cache a preflight response.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("600");
/// Maximum number of characters of an origin in the log.
const MAX_SHOWN: usize = 200;
const PREFLIGHT_VARY: HeaderValue = HeaderValue::from_static("Access-Control-Request-Headers");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// The origins that may read the responses of a service, and what they may read.
#[derive(Debug)]
pub struct Cors {
    pub origins: Vec<WebOrigin>,
    /// Methods allowed by a preflight response, such as `GET, POST`.
    pub methods: &'static str,
    /// Response headers that scripts may read, in addition to those that a response exposes itself.
    pub exposed: &'static [&'static str],
}

/// Returns an `Origin` as a string of limited length, for the log.
pub fn shown(origin: &[u8]) -> String {
    String::from_utf8_lossy(origin).chars().take(MAX_SHOWN).collect()
}

impl Cors {
    /// Middleware that responds to preflight requests and adds the CORS headers. Must be wrapped
    /// inside [`crate::request::handle`].
    pub async fn handle<B: MessageBody>(
        self: Arc<Self>,
        req: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        let origin = req.headers().get(ORIGIN).cloned();
        let is_preflight = *req.method() == Method::OPTIONS
            && origin.is_some()
            && req.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let allowed = origin.filter(|origin| self.allows(origin));

        let mut response = if is_preflight {
            let mut response = HttpResponse::NoContent().finish();
            if allowed.is_some() {
                self.permit(req.headers(), response.headers_mut());
            } else {
                let origin = req.headers().get(ORIGIN).map(|origin| shown(origin.as_bytes()));
                info!(origin, "preflight refused: origin not in FRONTEND_URL");
            }
            req.into_response(response).map_into_right_body()
        } else {
            next.call(req).await?.map_into_left_body()
        };
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if is_preflight {
            headers.append(VARY, PREFLIGHT_VARY);
        }
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
            if !is_preflight {
                self.expose(headers);
            }
        }
        Ok(response)
    }

    fn allows(&self, origin: &HeaderValue) -> bool {
        self.origins.iter().any(|allowed| allowed.as_str().as_bytes() == origin.as_bytes())
    }

    /// Permits a preflight request. Allows all requested headers: the origin is trusted, and
    /// libraries in its pages add headers such as `baggage` or `x-requested-with`. The wildcard `*`
    /// would have no effect on requests with cookies.
    fn permit(&self, asked: &HeaderMap, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.methods));
        if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    }

    /// Adds the configured names to those that the response already exposes.
    fn expose(&self, headers: &mut HeaderMap) {
        let own = headers.get(ACCESS_CONTROL_EXPOSE_HEADERS);
        let own = own.and_then(|names| names.to_str().ok()).unwrap_or_default();
        let own = own.split(',').map(str::trim).filter(|name| !name.is_empty());
        let mut names: Vec<&str> = own.collect();
        for name in self.exposed {
            if !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                names.push(name);
            }
        }
        if let Ok(names) = HeaderValue::try_from(names.join(", ")) {
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, names);
        }
    }
}
