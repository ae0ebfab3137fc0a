//! The names and attributes of cookies. The settings are named after Better Auth's `advanced`
//! options.

use clap::{ArgAction, Args, ValueEnum};
use settings::switch;

/// Names and attributes of the cookies.
#[derive(Args, Clone, Debug)]
pub struct CookieArgs {
    /// Prefix of cookie names; to import sessions, use the prefix of the server that issued them
    #[arg(long, env, default_value = "better-auth", value_parser = prefix)]
    pub cookie_prefix: String,

    /// SameSite attribute of the session cookie; `none` allows a web app on another site, and needs
    /// https or SECURE_COOKIES
    #[arg(long, env, default_value = "lax")]
    pub cookie_same_site: SameSite,

    /// Use a separate session cookie for each site that embeds the web app (CHIPS); needs
    /// COOKIE_SAME_SITE=none
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub cookie_partitioned: bool,

    /// Domain attribute of cookies that an earlier server set, such as example.com; these cookies are
    /// cleared when a new session begins
    #[arg(long, env, value_parser = domain)]
    pub old_cookie_domain: Option<String>,
}

/// `SameSite` as in RFC 6265bis §5.6.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SameSite {
    Lax,
    Strict,
    None,
}

impl CookieArgs {
    /// Returns whether browsers accept cookies with these attributes.
    pub(crate) fn fits(&self, is_secure: bool) -> bool {
        let is_none = self.cookie_same_site == SameSite::None;
        (is_secure || !is_none) && (is_none || !self.cookie_partitioned)
    }
}

fn prefix(text: &str) -> Result<String, &'static str> {
    let is_token_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if ["__secure-", "__host-"].iter().any(|start| text.to_ascii_lowercase().starts_with(start)) {
        Err("expected a prefix without __Secure- or __Host-; with https, __Secure- is added")
    } else if !text.is_empty() && text.len() <= 64 && text.chars().all(is_token_char) {
        Ok(text.to_owned())
    } else {
        Err("expected letters, digits and -._ as in better-auth")
    }
}

fn domain(text: &str) -> Result<String, &'static str> {
    let domain = text.trim_start_matches('.').to_ascii_lowercase();
    let is_domain_char = |c: char| c.is_ascii_alphanumeric() || "-.".contains(c);
    if domain.contains('.') && domain.chars().all(is_domain_char) {
        Ok(domain)
    } else {
        Err("expected a domain such as example.com")
    }
}
