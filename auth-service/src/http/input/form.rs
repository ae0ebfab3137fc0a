//! Forms of OAuth requests (RFC 6749 §3.2).

use actix_web::{HttpRequest, dev::Payload, http::header::CONTENT_TYPE};
use service_kit::body;
use url::form_urlencoded;

use super::{FORM, unsupported_media_type};
use crate::http::error::{Rejection, Result};

/// Maximum size of the body in bytes. An access token is at most 8 KiB long.
const MAX_OAUTH_BODY_BYTES: usize = 16 * 1024;

/// The parameters of a form, in order. Empty ones count as absent.
pub(crate) struct OauthForm(Vec<(String, String)>);

impl OauthForm {
    pub(crate) async fn read(req: &HttpRequest, payload: &mut Payload) -> Result<Self> {
        let bytes = body::read(req, payload, MAX_OAUTH_BODY_BYTES).await?;
        if !bytes.is_empty() {
            check_media_type(req)?;
        }
        let parameters = form_urlencoded::parse(&bytes).into_owned();
        Ok(Self(parameters.filter(|(_, value)| !value.is_empty()).collect()))
    }

    /// Returns all values of a parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let values = self.0.iter().filter(|(known, _)| known == name);
        values.map(|(_, value)| value.as_str()).collect()
    }

    /// Returns the value of a parameter that must not be repeated.
    pub(crate) fn one(&self, name: &str) -> Result<Option<&str>> {
        match self.all(name)[..] {
            [] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Rejection::InvalidRequest.with_message("A parameter is repeated")),
        }
    }
}

fn check_media_type(req: &HttpRequest) -> Result<()> {
    let sent = req.headers().get(CONTENT_TYPE).map(|sent| String::from_utf8_lossy(sent.as_bytes()));
    let sent = sent.unwrap_or_default();
    let media_type = sent.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(FORM) {
        Ok(())
    } else {
        Err(unsupported_media_type(&sent, FORM))
    }
}
