//! The authenticated user as an extractor, like the `get_current_user` dependency of a FastAPI back
//! end.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use jwks_auth::Bearer;
use shared_models::{CallerClaims, UserId};

use crate::http::{error::Error, rate_limit::count};

/// The id of the caller, and the value of another extractor.
///
/// A handler that takes this extractor requires a valid token. `T` is extracted after
/// authentication and rate limiting, so a request with an invalid token gets a 401 whatever else is
/// wrong with it.
pub(crate) struct CurrentUser<T>(pub(crate) UserId, pub(crate) T);

impl<T: FromRequest + 'static> FromRequest for CurrentUser<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bearer = Bearer::<CallerClaims>::from_request(&req, &mut Payload::None).await;
            let Bearer(claims) = bearer.map_err(Error::from)?;
            count(&req, &claims.sub).map_err(Error::RateLimited)?;
            let input = T::from_request(&req, &mut payload).await.map_err(Into::into)?;
            Ok(Self(claims.sub.clone(), input))
        })
    }
}
