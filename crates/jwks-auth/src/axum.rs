//! Integration with axum: extractors, and responses for their errors.

use ::http::{header::AUTHORIZATION, request::Parts};
use axum_core::{
    extract::{FromRef, FromRequestParts},
    response::{IntoResponse, Response},
};
use serde::de::DeserializeOwned;

use crate::{Authorized, Bearer, Error, Permission, Verifier, bearer_token, response::response};

impl<S, C> FromRequestParts<S> for Bearer<C>
where
    S: Send + Sync,
    C: DeserializeOwned + Send + Sync + 'static,
    Verifier: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let values = parts.headers.get_all(AUTHORIZATION).iter().map(AsRef::as_ref);
        let token = bearer_token(values)?;
        Verifier::from_ref(state).verify(token).await.map(Self)
    }
}

impl<S, C, P> FromRequestParts<S> for Authorized<C, P>
where
    S: Send + Sync,
    C: DeserializeOwned + Send + Sync + 'static,
    P: Permission,
    Verifier: FromRef<S>,
{
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let Bearer(verified) = Bearer::from_request_parts(parts, state).await?;
        Self::check(verified)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        response(&self)
    }
}
