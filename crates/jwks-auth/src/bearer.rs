//! Integration with actix-web: an extractor, and responses for its errors.

use std::{future::Future, pin::Pin};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, ResponseError,
    dev::Payload,
    http::{
        StatusCode,
        header::{AUTHORIZATION, ContentType, RETRY_AFTER, WWW_AUTHENTICATE},
    },
    web::Data,
};
use serde::de::DeserializeOwned;

use crate::{Error, Verified, Verifier, bearer_token};

/// The verified claims of the caller's bearer token (RFC 6750 §2.1). A handler that takes this
/// extractor requires a valid token.
///
/// Needs a `Data<Verifier>` in the application.
#[derive(Clone, Debug)]
pub struct Bearer<C>(pub Verified<C>);

impl<C: DeserializeOwned + Send + Sync + 'static> FromRequest for Bearer<C> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let verifier = req.app_data::<Data<Verifier>>().ok_or(Error::NotConfigured)?;
            let values = req.headers().get_all(AUTHORIZATION).map(AsRef::as_ref);
            verifier.verify(bearer_token(values)?).await.map(Self)
        })
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Self::Unavailable { retry_after } = self {
            response.insert_header((RETRY_AFTER, retry_after.as_secs().max(1)));
        }
        // The messages are constants of this crate that need no JSON escaping.
        response.content_type(ContentType::json()).body(format!(r#"{{"detail":"{self}"}}"#))
    }
}
