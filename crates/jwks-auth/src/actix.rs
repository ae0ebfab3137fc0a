//! Integration with actix-web: extractors, and responses for their errors.

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

use crate::{Authorized, Bearer, Error, Permission, Verified, Verifier, bearer_token};

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

async fn verify<C>(req: HttpRequest) -> Result<Verified<C>, Error>
where
    C: DeserializeOwned + Send + Sync + 'static,
{
    let verifier = req.app_data::<Data<Verifier>>().ok_or(Error::NotConfigured)?;
    let values = req.headers().get_all(AUTHORIZATION).map(AsRef::as_ref);
    verifier.verify(bearer_token(values)?).await
}

impl<C: DeserializeOwned + Send + Sync + 'static> FromRequest for Bearer<C> {
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { verify(req).await.map(Self) })
    }
}

impl<C, P> FromRequest for Authorized<C, P>
where
    C: DeserializeOwned + Send + Sync + 'static,
    P: Permission,
{
    type Error = Error;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move { Self::check(verify(req).await?) })
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        if let Some(challenge) = self.challenge() {
            response.insert_header((WWW_AUTHENTICATE, &*challenge));
        }
        if let Some(seconds) = self.retry_after() {
            response.insert_header((RETRY_AFTER, seconds));
        }
        response.content_type(ContentType::json()).body(self.body())
    }
}
