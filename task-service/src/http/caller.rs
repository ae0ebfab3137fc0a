//! Authentication, rate limiting and authorization of callers, like the `get_current_user` dependency
//! of a FastAPI back end.
//!
//! A handler of tasks takes the owner of the tasks as its first argument, which no extractor
//! provides, so the compiler accepts it as a route only inside [`for_readers`] or [`for_writers`].

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, dev,
    web::{Data, Payload},
};
use jwks_auth::Bearer;
use shared_models::{CallerClaims, UserId};

use crate::{
    domain::principal::{Principal, Scope},
    http::{
        error::{Error, Result},
        rate_limit,
        state::AppState,
    },
};

/// Input of a wrapped handler.
type Input = (Data<AppState>, HttpRequest, Payload);

/// Wraps a handler that reads the caller's tasks, so that it can be used as a route.
///
/// The route requires a valid token. The handler's input is extracted after authentication, rate
/// limiting and authorization, so a request with an invalid token gets a 401 whatever else is wrong
/// with it. If the request was counted, the response reports the rate limit.
pub(crate) fn for_readers<T: FromRequest + 'static>(
    handler: impl AsyncFn(UserId, T) -> Result<HttpResponse> + Clone + 'static,
) -> impl Handler<Input, Output = HttpResponse> {
    authorized(Scope::ReadTasks, handler)
}

/// Like [`for_readers`], but for a handler that changes tasks.
pub(crate) fn for_writers<T: FromRequest + 'static>(
    handler: impl AsyncFn(UserId, T) -> Result<HttpResponse> + Clone + 'static,
) -> impl Handler<Input, Output = HttpResponse> {
    authorized(Scope::WriteTasks, handler)
}

fn authorized<T: FromRequest + 'static>(
    scope: Scope,
    handler: impl AsyncFn(UserId, T) -> Result<HttpResponse> + Clone + 'static,
) -> impl Handler<Input, Output = HttpResponse> {
    move |state: Data<AppState>, req: HttpRequest, payload: Payload| {
        let handler = handler.clone();
        async move {
            match authenticate(&req).await {
                Ok(caller) => respond(&state, &req, payload, caller, scope, handler).await,
                Err(error) => HttpResponse::from_error(error),
            }
        }
    }
}

async fn authenticate(req: &HttpRequest) -> Result<Principal> {
    let Bearer(claims) = Bearer::<CallerClaims>::from_request(req, &mut dev::Payload::None).await?;
    Ok(Principal::new(&claims))
}

/// Counts the caller's request, and calls the handler if the rate limit and the caller's scopes
/// allow it.
async fn respond<T: FromRequest>(
    state: &AppState,
    req: &HttpRequest,
    payload: Payload,
    caller: Principal,
    scope: Scope,
    handler: impl AsyncFn(UserId, T) -> Result<HttpResponse>,
) -> HttpResponse {
    let counted = rate_limit::count(state, caller.owner());
    let status = counted.unwrap_or_else(|too_many| Some(too_many.status));
    let handled = async {
        counted.map_err(Error::RateLimited)?;
        if !caller.may(scope) {
            return Err(Error::InsufficientScope(scope).into());
        }
        let input = T::from_request(req, &mut payload.into_inner()).await.map_err(Into::into)?;
        Ok::<_, actix_web::Error>(handler(caller.into_owner(), input).await?)
    };
    let mut response = handled.await.unwrap_or_else(HttpResponse::from_error);
    if let Some(status) = status {
        rate_limit::add_headers(response.headers_mut(), status);
    }
    response
}
