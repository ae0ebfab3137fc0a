//! CORS (WHATWG Fetch §3.3) for exactly the configured origins: never `*`, never an echo.
//!
//! Our own, because an answer's own `Access-Control-Expose-Headers` must be added to, which
//! `actix-cors` cannot do: it replaces them.

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
            ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
            HeaderMap, HeaderValue, ORIGIN, VARY,
        },
    },
    middleware::Next,
};

use crate::origins::WebOrigin;

/// How long a browser may remember a preflight answer, in seconds.
const PREFLIGHT_MAX_AGE: HeaderValue = HeaderValue::from_static("600");
const TRUE: HeaderValue = HeaderValue::from_static("true");

/// Who may read a service's answers, and what of them.
#[derive(Debug)]
pub struct Cors {
    pub origins: Vec<WebOrigin>,
    /// For a preflight: `GET, POST`.
    pub methods: &'static str,
    /// The request headers that a script may set.
    pub headers: &'static str,
    /// The response headers that a script may read, beside those an answer names itself.
    pub exposed: &'static [&'static str],
}

impl Cors {
    /// Middleware. Wrap it inside [`crate::telemetry::request`].
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
                self.permit(response.headers_mut());
            }
            req.into_response(response).map_into_right_body()
        } else {
            next.call(req).await?.map_into_left_body()
        };
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("Origin"));
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

    fn permit(&self, headers: &mut HeaderMap) {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(self.methods));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(self.headers));
        headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_MAX_AGE);
    }

    /// Adds to the names that the answer exposes already.
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
