//! Extracts the bearer token from Authorization headers, for any HTTP library.

use crate::error::{Error, Refusal};

/// Returns the bearer token of a request (RFC 6750 §2.1), given the values of all its Authorization
/// headers. Returns [`Error::Missing`] if there is no such header, or if its scheme is not
/// `Bearer`. Returns another error if there are several headers, or if the header is not UTF-8. The
/// scheme is case-insensitive (RFC 9110 §11.1). Tokens in the query, a form or a cookie are not
/// supported.
pub fn bearer_token<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<&'a str, Error> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(Error::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::SeveralHeaders.into());
    }
    let value = str::from_utf8(value).map_err(|_error| Refusal::NotCompact)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    // One or more spaces (RFC 9110 §11.4).
    let token = token.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("Bearer") { Ok(token) } else { Err(Error::Missing) }
}
