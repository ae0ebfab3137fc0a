//! Rate limits by client network and path, applied before the session and the input of a request
//! are checked.

use std::time::Duration;

use actix_web::{
    Error, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};

use crate::{
    domain::throttle::{Key, Rule},
    http::{error, receiver::Client, state::AppState},
};

const SIGN_IN: Rule = Rule::Window { max: 3, window: Duration::from_secs(10), share_every: 1 };
const MAIL: Rule = Rule::Window { max: 3, window: Duration::from_mins(1), share_every: 1 };
const GENERAL: Rule = Rule::Window { max: 100, window: Duration::from_secs(10), share_every: 10 };

/// Rules by path prefix, relative to the base path, each with the name under which requests are
/// counted.
const RULES: [(&str, &str, Rule); 8] = [
    ("/sign-in", "sign-in", SIGN_IN),
    ("/sign-up", "sign-up", SIGN_IN),
    ("/change-password", "change-password", SIGN_IN),
    ("/change-email", "change-email", SIGN_IN),
    ("/request-password-reset", "password-reset", MAIL),
    ("/send-verification-email", "verification", MAIL),
    ("/forget-password", "password-reset", MAIL),
    ("/oauth2/revoke", "revoke", SIGN_IN),
];

/// Rate-limits all paths under `base_path`, including unknown ones.
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
    let state = req.app_data::<Data<AppState>>().ok_or(error::Internal::NoState)?;
    if !state.rate_limit {
        return Ok(());
    }
    // The path is used as decoded by the router, so that differently encoded spellings of a path
    // share one count.
    let path = req.match_info().as_str();
    let below = path.strip_prefix(base_path).unwrap_or(path);
    // Receivers, services with a secret from `EVENTS_SECRET`, are exempt: they send requests on
    // behalf of all their clients.
    if below.starts_with("/oauth2/")
        && Client::of(req.headers(), &state.security_events) == Client::Receiver
    {
        return Ok(());
    }
    let rule = RULES.iter().find(|(beginning, ..)| below.starts_with(beginning));
    let (class, rule) = rule.map_or(("", GENERAL), |(_, class, rule)| (*class, *rule));
    // For each client and class, all unknown paths share one count.
    let route = req.resource_map().match_pattern(path);
    let address = state.client_network(req.request()).to_string();
    let key = Key::of(&["request", &address, class, route.as_deref().unwrap_or_default()]);
    let counted = state.attempts.count(key, rule).await;
    counted.map(|_tries| ()).map_err(|refused| {
        let refused = error::Error::from(refused);
        if below.starts_with("/oauth2/") { refused.of_oauth() } else { refused }
    })
}
