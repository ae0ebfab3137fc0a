//! The thin layer over actix-web: a request in, claims or a reply out.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{
        StatusCode,
        header::{AUTHORIZATION, ContentType, HeaderMap, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    web::Data,
};
use serde::de::DeserializeOwned;

use crate::{
    client::JwksClient,
    error::{Error, Refusal},
};

/// The claims of the caller's bearer token (RFC 6750 §2.1). A handler that takes it is private.
///
/// Needs a `Data<JwksClient>` in the application.
#[derive(Clone, Copy, Debug)]
pub struct Bearer<C>(pub C);

impl<C: DeserializeOwned> FromRequest for Bearer<C> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let client = req.app_data::<Data<JwksClient>>().ok_or(Error::NotConfigured)?;
            client.verify(token(req.headers())?).await.map(Self)
        })
    }
}

/// The one token of the one Authorization header.
fn token(headers: &HeaderMap) -> Result<&str, Error> {
    let mut credentials = headers.get_all(AUTHORIZATION);
    let value = credentials.next().ok_or(Error::Missing)?;
    if credentials.next().is_some() {
        return Err(Refusal::SeveralHeaders.into());
    }
    let value = value.to_str().map_err(|_error| Refusal::NotCompact)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("Bearer") { Ok(token) } else { Err(Error::Missing) }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Missing | Self::Expired | Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotConfigured => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Self::Unavailable { retry_after } = self {
            response.insert_header((RETRY_AFTER, retry_after.as_secs().max(1)));
        }
        // The texts are ours and need no escaping.
        response.content_type(ContentType::json()).body(format!(r#"{{"detail":"{self}"}}"#))
    }
}
