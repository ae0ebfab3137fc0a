//! The outermost middleware, which every request passes through.

mod to_completion;

use actix_web::{
    Error, HttpResponse,
    body::MessageBody,
    dev::{Extensions, ResponseHead, ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        Method, StatusCode,
        header::{HeaderName, HeaderValue},
    },
    middleware::Next,
};
use telemetry::RequestLog;
use uuid::Uuid;

use self::to_completion::to_completion;
use crate::{
    default_headers,
    server::{close_while_stopping, outgoing},
};

/// Header with the request id, in requests and responses.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_MAX_BYTES: usize = 128;

/// Reason for rejecting a request, safe to log.
struct Cause(String);

/// Adds the reason for rejecting a request to its line in the access log.
pub fn set_cause(response: &mut HttpResponse, cause: String) {
    response.extensions_mut().insert(Cause(cause));
}

/// Outermost middleware: assigns a request id, runs the request to completion and logs it in one
/// line, except for health probes. `panicked` returns the response to a request whose handler
/// panicked.
///
/// A client that disconnects cannot cancel the request between two database statements.
pub async fn handle(
    req: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    panicked: fn() -> HttpResponse,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let id = request_id(&req);
    let is_head = *req.method() == Method::HEAD;
    let request = RequestLog::start(id.clone(), req.method(), req.headers());
    let log = |route: Option<&str>, status: StatusCode, extensions: &Extensions| {
        let cause = extensions.get::<Cause>().map(|Cause(cause)| cause.as_str());
        request.end(route, status, cause);
    };
    match to_completion(request.instrument(next.call(req))).await {
        Ok(Ok(mut response)) => {
            sign(response.response_mut().head_mut(), id);
            let route = response.request().match_pattern();
            log(route.as_deref(), response.status(), &response.response().extensions());
            Ok(response.map_body(|_, body| outgoing(body, is_head)))
        }
        Ok(Err(error)) => {
            let mut response = error.error_response();
            sign(response.head_mut(), id);
            log(None, response.status(), &response.extensions());
            Err(InternalError::from_response(error, response).into())
        }
        // The panic hook has already logged the panic.
        Err(panic) => {
            let mut response = panicked();
            sign(response.head_mut(), id);
            log(None, response.status(), &response.extensions());
            Err(InternalError::from_response(panic, response).into())
        }
    }
}

/// Adds the request id and the default headers. Closes the connection if the process is shutting
/// down.
fn sign(response: &mut ResponseHead, id: HeaderValue) {
    response.headers_mut().insert(REQUEST_ID, id);
    default_headers::add(response);
    close_while_stopping(response);
}

/// Returns the client's request id if it is safe to log, or else a new one.
fn request_id(req: &ServiceRequest) -> HeaderValue {
    let is_loggable = |value: &&HeaderValue| {
        let bytes = value.as_bytes();
        (1..=REQUEST_ID_MAX_BYTES).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    };
    req.headers().get(&REQUEST_ID).filter(is_loggable).cloned().unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        let text = Uuid::now_v7().simple().encode_lower(&mut text);
        HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static("-"))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App,
        body::to_bytes,
        middleware::from_fn,
        test::{TestRequest, init_service, try_call_service},
        web,
    };

    use super::*;

    #[actix_web::test]
    async fn a_panic_gets_the_response_of_the_service() {
        let panicked = || HttpResponse::InternalServerError().body("in the service's format");
        let handler = async || -> HttpResponse { panic!("a test") };
        let app = App::new()
            .route("/", web::get().to(handler))
            .wrap(from_fn(move |req, next| handle(req, next, panicked)));
        let app = init_service(app).await;
        let error = try_call_service(&app, TestRequest::get().to_request()).await.err().unwrap();
        let response = error.error_response();
        assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(response.headers().contains_key(&REQUEST_ID));
        assert_eq!(to_bytes(response.into_body()).await.unwrap(), "in the service's format");
    }
}
