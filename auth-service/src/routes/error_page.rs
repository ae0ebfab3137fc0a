//! `GET /error`: the page that shows errors for which there is no other redirect target, such as
//! those of invalid links.

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web::Data};
use minijinja::HtmlEscape;
use url::form_urlencoded;

use crate::http::{redirect, state::AppState};

/// Maximum length of a description; longer ones are truncated.
const DESCRIPTION_MAX_CHARS: usize = 500;

/// Show an error to a user
#[utoipa::path(
    get, path = "/api/auth/error", operation_id = "error", tag = "service",
    params(
        ("error" = Option<String>, Query, nullable = false),
        ("error_description" = Option<String>, Query, nullable = false),
    ),
    responses(
        (status = 200, description = "An error page", body = String, content_type = "text/html"),
        (
            status = 302,
            description = "With https: redirect to `/` with both parameters in its query",
            headers(("Location")),
        ),
    ),
)]
pub(crate) async fn error_page(state: Data<AppState>, req: HttpRequest) -> HttpResponse {
    let query = form_urlencoded::parse(req.query_string().as_bytes());
    let parameter = |wanted: &str| {
        let mut found = query.filter(|(name, value)| name == wanted && !value.is_empty());
        found.next().map(|(_, value)| value)
    };
    let code = parameter("error").filter(|code| is_harmless(code));
    let code = code.as_deref().unwrap_or("UNKNOWN");
    if state.is_production {
        let mut target = redirect::with_parameter("/", "error", code);
        if let Some(description) = parameter("error_description") {
            target = redirect::with_parameter(&target, "error_description", &description);
        }
        return redirect::found(&target);
    }
    let description = parameter("error_description").unwrap_or_default();
    let description: String = description.chars().take(DESCRIPTION_MAX_CHARS).collect();
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "text/html")).body(page(code, &description))
}

fn is_harmless(code: &str) -> bool {
    code.chars().all(|c| c.is_ascii_alphanumeric() || "_'-".contains(c))
}

fn page(code: &str, description: &str) -> String {
    let description = HtmlEscape(description);
    format!(
        "<!doctype html>\n\
         <html lang=\"en\">\n\
         <head><meta charset=\"utf-8\"><title>Error</title></head>\n\
         <body>\n\
         <h1>Something went wrong</h1>\n\
         <p>This link does not work: <code>{code}</code></p>\n\
         <p>{description}</p>\n\
         <p><a href=\"/\">Back to the home page</a></p>\n\
         </body>\n\
         </html>\n"
    )
}
