//! `GET /error`: the page that shows errors for which there is no other redirect target, such as
//! those of invalid links.

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web::Data};
use minijinja::HtmlEscape;
use url::form_urlencoded;

use crate::http::{redirect, state::AppState};

/// Maximum length of a description; longer ones are truncated.
const DESCRIPTION_MAX_CHARS: usize = 500;

/// Shows the code and the description. With https, redirects to `/` with both in the query instead.
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
