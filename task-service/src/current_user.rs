//! The authenticated user as an extractor, like the `get_current_user` dependency of a FastAPI back
//! end.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload, web::Data};
use jwks_auth::Bearer;
use shared_models::{CallerClaims, UserId};

use crate::{error::Error, state::AppState};

/// The caller, and another extractor of the request.
///
/// A handler that takes it requires a valid token. `T` is extracted after authentication, so a request
/// without a valid token gets a 401 whatever else is wrong with it.
pub(crate) struct CurrentUser<T>(pub(crate) UserId, pub(crate) T);

impl<T: FromRequest + 'static> FromRequest for CurrentUser<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, actix_web::Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let bearer = Bearer::<CallerClaims>::from_request(&req, &mut Payload::None).await;
            let Bearer(claims) = bearer.map_err(Error::from)?;
            count(&req, &claims.sub)?;
            let input = T::from_request(&req, &mut payload).await.map_err(Into::into)?;
            Ok(Self(claims.sub.clone(), input))
        })
    }
}

/// Counts the request against the caller's rate limit, and stores the status for the response headers.
fn count(req: &HttpRequest, caller: &UserId) -> Result<(), Error> {
    let Some(state) = req.app_data::<Data<AppState>>() else { return Ok(()) };
    let counted = state.rate_limiter.count(caller, state.clock.elapsed());
    let standing = match counted {
        Ok(standing) => standing,
        Err(too_many) => Some(too_many.standing),
    };
    if let Some(standing) = standing {
        req.extensions_mut().insert(standing);
    }
    counted.map(drop).map_err(Error::RateLimited)
}
