//! Protected resource metadata (RFC 9728).

use actix_web::{HttpResponse, web::Data};

use crate::{
    domain::resource::ResourceMetadata,
    http::{
        error::{Error, Result},
        state::AppState,
    },
};

/// Get the issuers and scopes of accepted tokens
///
/// Protected resource metadata (RFC 9728); only if `TASKS_URL` is set.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-protected-resource",
    tag = "metadata",
    responses(
        (status = 200, description = "The metadata", body = ResourceMetadata),
        (status = 404, description = "The public origin of the service is not configured"),
    ),
)]
pub(crate) async fn resource_metadata(state: Data<AppState>) -> Result<HttpResponse> {
    let resource = state.resource.as_ref().ok_or(Error::PathNotFound)?;
    Ok(HttpResponse::Ok().json(&resource.metadata))
}
