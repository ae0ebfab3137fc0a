//! Links in e-mails.

use percent_encoding::utf8_percent_encode;

use crate::domain::javascript::URI_COMPONENT;

pub(super) struct Links {
    /// Public base URL without a trailing slash.
    pub(super) site: String,
}

impl Links {
    pub(super) fn to(&self, path: &str, token: Option<&str>, callback_url: &str) -> String {
        let callback_url = utf8_percent_encode(callback_url, URI_COMPONENT);
        let token = token.map(|token| format!("token={token}&")).unwrap_or_default();
        format!("{}/api/auth/{path}?{token}callbackURL={callback_url}", self.site)
    }
}
