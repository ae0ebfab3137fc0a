//! Names the resource metadata in authentication challenges (RFC 9728 §5.1).

use actix_web::{
    dev::ServiceResponse,
    http::{
        StatusCode,
        header::{HeaderValue, WWW_AUTHENTICATE},
    },
    web::Data,
};

use crate::http::state::AppState;

/// Adds `resource_metadata` to the challenge of a response, if the service knows its public origin.
pub(crate) fn name_metadata<B>(response: &mut ServiceResponse<B>) {
    if !matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return;
    }
    if let Some(challenge) = challenge(response) {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
}

fn challenge<B>(response: &ServiceResponse<B>) -> Option<HeaderValue> {
    let state = response.request().app_data::<Data<AppState>>()?;
    let url = &state.resource.as_ref()?.url;
    let challenge = response.headers().get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let separator = if challenge.contains('=') { "," } else { "" };
    HeaderValue::try_from(format!(r#"{challenge}{separator} resource_metadata="{url}""#)).ok()
}
