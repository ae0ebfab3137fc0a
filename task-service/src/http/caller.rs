//! The authenticated caller as an extractor, like the `get_current_user` dependency of a FastAPI back
//! end.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use jwks_auth::Bearer;
use shared_models::{CallerClaims, UserId};

use crate::{
    domain::principal::{Principal, Scope},
    http::{error::Error, rate_limit::count},
};

/// The owner of the tasks that the caller may read, and the value of another extractor.
///
/// A handler that takes this extractor requires a valid token. `T` is extracted after
/// authentication, rate limiting and authorization, so a request with an invalid token gets a 401
/// whatever else is wrong with it.
pub(crate) struct Reader<T>(pub(crate) UserId, pub(crate) T);

/// Like [`Reader`], for tasks that the caller may change.
pub(crate) struct Writer<T>(pub(crate) UserId, pub(crate) T);

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, actix_web::Error>>>>;

impl<T: FromRequest + 'static> FromRequest for Reader<T> {
    type Error = actix_web::Error;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let caller = authorized(&req, Scope::ReadTasks).await?;
            let input = T::from_request(&req, &mut payload).await.map_err(Into::into)?;
            Ok(Self(caller.into_owner(), input))
        })
    }
}

impl<T: FromRequest + 'static> FromRequest for Writer<T> {
    type Error = actix_web::Error;
    type Future = Extracting<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, mut payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let caller = authorized(&req, Scope::WriteTasks).await?;
            let input = T::from_request(&req, &mut payload).await.map_err(Into::into)?;
            Ok(Self(caller.into_owner(), input))
        })
    }
}

/// Authenticates the caller, counts the request, and checks that the caller has the scope.
async fn authorized(req: &HttpRequest, scope: Scope) -> Result<Principal, Error> {
    let Bearer(claims) = Bearer::<CallerClaims>::from_request(req, &mut Payload::None).await?;
    let caller = Principal::new(&claims);
    count(req, caller.owner()).map_err(Error::RateLimited)?;
    if caller.may(scope) { Ok(caller) } else { Err(Error::InsufficientScope(scope)) }
}
