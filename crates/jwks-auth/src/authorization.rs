//! The one token of the one Authorization header, for any HTTP library.

use crate::error::{Error, Refusal};

/// The bearer token of a request (RFC 6750 §2.1), given the values of all its Authorization
/// headers: exactly one must be there. The scheme may be in any case (RFC 9110 §11.1). Tokens in
/// the query, a form or a cookie are not looked for.
pub fn bearer_token<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<&'a str, Error> {
    let mut values = values.into_iter();
    let value = values.next().ok_or(Error::Missing)?;
    if values.next().is_some() {
        return Err(Refusal::SeveralHeaders.into());
    }
    let value = str::from_utf8(value).map_err(|_error| Refusal::NotCompact)?;
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("Bearer") { Ok(token) } else { Err(Error::Missing) }
}
