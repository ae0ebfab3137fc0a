//! Rate limits by client address and path, before anything else is looked at.

use std::time::Duration;

use actix_web::{
    Error, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{
    attempts::{Key, Rule},
    error,
    state::AppState,
};

const SIGN_IN: Rule = Rule::Window { max: 3, window: Duration::from_secs(10), share_every: 1 };
const MAIL: Rule = Rule::Window { max: 3, window: Duration::from_mins(1), share_every: 1 };
const GENERAL: Rule = Rule::Window { max: 100, window: Duration::from_secs(10), share_every: 10 };

/// By the beginning of a path below the base path.
const RULES: [(&str, &str, Rule); 7] = [
    ("/sign-in", "sign-in", SIGN_IN),
    ("/sign-up", "sign-up", SIGN_IN),
    ("/change-password", "change-password", SIGN_IN),
    ("/change-email", "change-email", SIGN_IN),
    ("/request-password-reset", "password-reset", MAIL),
    ("/send-verification-email", "verification", MAIL),
    ("/forget-password", "password-reset", MAIL),
];

/// Middleware for everything below `base_path`, paths that do not exist included.
pub(crate) async fn limit<B: MessageBody>(
    base_path: &'static str,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    match count(base_path, &req).await {
        Ok(()) => Ok(next.call(req).await?.map_into_left_body()),
        Err(error) => {
            let response = error.error_response();
            Ok(req.into_response(response).map_into_right_body())
        }
    }
}

async fn count(base_path: &str, req: &ServiceRequest) -> error::Result<()> {
    let state = req.app_data::<Data<AppState>>().ok_or(error::Error::NoState)?;
    if !state.rate_limit {
        return Ok(());
    }
    // As the router reads it: another spelling is the same path.
    let path = req.match_info().as_str();
    let below = path.strip_prefix(base_path).unwrap_or(path);
    let rule = RULES.iter().find(|(beginning, ..)| below.starts_with(beginning));
    let (class, rule) = rule.map_or(("", GENERAL), |(_, class, rule)| (*class, *rule));
    // Paths that do not exist count as one.
    let route = req.resource_map().match_pattern(path);
    let address = state.client_network(req.request()).to_string();
    let key = Key::of(&["request", &address, class, route.as_deref().unwrap_or_default()]);
    state.attempts.count(key, rule, state.clock.now()).await?;
    Ok(())
}
