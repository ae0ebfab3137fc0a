//! Redirect responses.

use actix_web::{
    HttpResponse,
    http::header::{ContentType, HeaderName, LOCATION},
};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::{Url, form_urlencoded};

/// ASCII characters that are escaped in a `Location` header, besides all non-ASCII characters. The
/// other ASCII characters are left unchanged, so that the target keeps the meaning that it had when
/// it was validated.
const NOT_IN_HEADERS: &AsciiSet = &CONTROLS.add(b' ');

/// Returns a `Location` header for any target.
pub(crate) fn location(target: &str) -> (HeaderName, String) {
    (LOCATION, utf8_percent_encode(target, NOT_IN_HEADERS).to_string())
}

/// Returns a 302 response with an empty body and, as in Better Auth, the media type of JSON.
pub(crate) fn found(target: &str) -> HttpResponse {
    HttpResponse::Found()
        .insert_header(location(target))
        .insert_header(ContentType::json())
        .finish()
}

/// Appends a parameter to the query of a target. A relative target stays relative.
pub(crate) fn with_parameter(target: &str, name: &str, value: &str) -> String {
    let parameter =
        form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
    let (target, fragment) = match target.split_once('#') {
        Some((target, fragment)) => (target, format!("#{fragment}")),
        None => (target, String::new()),
    };
    let separator = if target.contains('?') { '&' } else { '?' };
    format!("{target}{separator}{parameter}{fragment}")
}

/// Returns the target, resolved against `site`, with a parameter set in its query.
pub(crate) fn absolute(
    site: &str,
    target: &str,
    name: &str,
    value: &str,
) -> Result<String, url::ParseError> {
    let mut url = Url::parse(site)?.join(target)?;
    let others: Vec<_> =
        url.query_pairs().into_owned().filter(|(other, _)| other != name).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(name, value);
    Ok(url.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_added_to_the_query() {
        for (target, with) in [
            ("/welcome", "/welcome?error=X"),
            ("/welcome?a=1", "/welcome?a=1&error=X"),
            ("/welcome#top", "/welcome?error=X#top"),
            ("http://localhost:3000", "http://localhost:3000?error=X"),
        ] {
            assert_eq!(with_parameter(target, "error", "X"), with);
        }
    }

    #[test]
    fn a_relative_target_becomes_absolute() {
        let site = "http://localhost:3000";
        for (target, with) in [
            ("/reset?x=1", "http://localhost:3000/reset?x=1&token=T"),
            ("/reset?token=old", "http://localhost:3000/reset?token=T"),
            ("http://localhost:5173", "http://localhost:5173/?token=T"),
        ] {
            assert_eq!(absolute(site, target, "token", "T").unwrap(), with);
        }
    }
}
