//! Settings, from the environment or the command line.

#![expect(clippy::doc_markdown, reason = "clap prints these comments as they are")]

mod algorithm;
mod cookies;
mod events;
mod features;
mod mail;
mod secret;
mod secrets;
mod trusted_origin;
mod web_policy;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::{ArgAction, Args};
use secrecy::SecretString;
use service_kit::{
    ServerArgs,
    client_address::TrustedProxy,
    origins::{WebOrigin, http_origin},
};
use settings::{duration, duration_or_zero, is_on_this_machine, non_blank, switch};

use self::secret::versioned_secret;
pub use self::{
    algorithm::JwtAlgorithm,
    cookies::{CookieArgs, SameSite},
    events::EventArgs,
    features::Features,
    mail::{MailArgs, SmtpUrl},
    secret::VersionedSecret,
    secrets::SecretError,
    trusted_origin::TrustedOrigin,
    web_policy::ContentPolicy,
};
pub(crate) use self::{mail::SmtpEncryption, secrets::Secrets};

/// Settings of the service.
#[derive(Args, Clone, Debug)]
#[command(mut_args(ServerArgs::defaults("sqlite://data/auth.db", "3000")))]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct Config {
    #[command(flatten)]
    pub server: ServerArgs,

    /// Origins of the web app, separated by commas; allowed by CORS and trusted. Origins of mobile
    /// apps are supported as well, such as capacitor://localhost
    #[arg(long, env, default_value = "http://localhost:3000", value_delimiter = ',')]
    pub frontend_url: Vec<WebOrigin>,

    /// Further trusted origins, or patterns of origins such as https://*.example.com, *.example.com
    /// or myapp://, separated by commas. Requests from these origins may carry a session cookie,
    /// and links may redirect to them. Unlike the origins in FRONTEND_URL, these origins are not
    /// allowed by CORS
    #[arg(long, env, value_delimiter = ',')]
    pub better_auth_trusted_origins: Vec<TrustedOrigin>,

    /// Public base URL of auth-service, an origin without a path. If it is https, cookies have the
    /// Secure attribute
    #[arg(long, env, default_value = "http://localhost:3000", value_parser = http_origin)]
    pub better_auth_url: WebOrigin,

    /// Secret that signs cookies and encrypts private keys and session tokens; at least 32
    /// characters. With PostgreSQL, either this setting or BETTER_AUTH_SECRETS is required. With
    /// SQLite, if neither is set, a secret is generated once and stored in the folder of the
    /// database
    #[arg(long, env, hide_env_values = true, value_parser = settings::secret)]
    pub better_auth_secret: Option<SecretString>,

    /// Secrets with versions, such as `2:NEW,1:OLD`. The first secret signs and encrypts; the
    /// others, and BETTER_AUTH_SECRET if it is set, only verify and decrypt. Existing cookies and
    /// stored values are renewed with the first secret
    #[arg(long, env, hide_env_values = true, value_delimiter = ',', value_parser = versioned_secret)]
    pub better_auth_secrets: Vec<VersionedSecret>,

    /// `iss` claim of access tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_issuer: Option<String>,

    /// `aud` claim of access tokens; default: BETTER_AUTH_URL
    #[arg(long, env, value_parser = non_blank)]
    pub better_auth_audience: Option<String>,

    /// Lifetime of access tokens
    #[arg(long, env, default_value = "24h", value_parser = duration)]
    pub jwt_expires_in: Duration,

    /// Lifetime of access tokens of clients (machines); not longer than JWT_EXPIRES_IN
    #[arg(long, env, default_value = "1h", value_parser = duration)]
    pub client_token_expires_in: Duration,

    /// Name of the signature algorithm in access tokens and in the JWKS: EdDSA, or Ed25519 (RFC 9864),
    /// which not every library supports
    #[arg(long, env, default_value = "EdDSA", hide_possible_values = true)]
    pub jwt_alg: JwtAlgorithm,

    /// Time after which a session expires, counted from sign-in or from its last extension
    #[arg(long, env, default_value = "7d", value_parser = duration)]
    pub session_expires_in: Duration,

    /// Minimum interval between extensions of a session, which is extended when it is used; with
    /// 0s, each use extends the session
    #[arg(long, env, default_value = "1d", value_parser = duration_or_zero)]
    pub session_update_age: Duration,

    /// Time after sign-in during which users may list their sessions and unlink an account, and may
    /// delete their own account without entering the password; afterwards, listing and unlinking
    /// require a new sign-in, and deletion requires the password; 0s for no limit
    #[arg(long, env, default_value = "1d", value_parser = duration_or_zero)]
    pub session_fresh_age: Duration,

    /// Interval between signing key rotations; unset: no rotation
    #[arg(long, env, value_parser = duration)]
    pub jwt_rotation_interval: Option<Duration>,

    /// Time for which a new signing key is in the JWKS before it signs; must exceed the time for which
    /// verifiers cache the JWKS, and be shorter than JWT_ROTATION_INTERVAL
    #[arg(long, env, default_value = "1h", value_parser = duration)]
    pub jwt_publish_ahead: Duration,

    /// Time for which a rotated key stays in the JWKS; must exceed JWT_EXPIRES_IN
    #[arg(long, env, default_value = "30d", value_parser = duration)]
    pub jwt_grace_period: Duration,

    #[command(flatten)]
    pub events: EventArgs,

    /// Time after which entries of the audit log are deleted; with 0s, no entry is deleted
    #[arg(long, env, default_value = "90d", value_parser = duration_or_zero)]
    pub audit_retention: Duration,

    /// Use secure cookies (`__Secure-`) even if BETTER_AUTH_URL is http
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub secure_cookies: bool,

    #[command(flatten)]
    pub cookies: CookieArgs,

    /// Accept a session token as a bearer token only if it is signed, as in the response header
    /// `set-auth-token`
    #[arg(long, env, default_value = "off", value_parser = switch, action = ArgAction::Set)]
    pub bearer_require_signature: bool,

    /// Rate limits per IP address and per account; turn them off on trusted networks only
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub rate_limit: bool,

    /// Proxies whose `X-Forwarded-For` header is trusted: IP addresses or networks such as 10.0.0.0/8,
    /// separated by commas
    #[arg(long, env, value_delimiter = ',')]
    pub trusted_proxies: Vec<TrustedProxy>,

    #[command(flatten)]
    pub features: Features,

    #[command(flatten)]
    pub mail: MailArgs,

    /// bcrypt cost of password hashes; each step doubles the work
    #[arg(long, env, default_value_t = 12, value_parser = clap::value_parser!(u32).range(10..=15))]
    pub bcrypt_cost: u32,

    /// Refuse the 10 000 most common passwords of at least eight characters when a user signs up,
    /// or changes or resets a password
    #[arg(long, env, default_value = "on", value_parser = switch, action = ArgAction::Set)]
    pub refuse_common_passwords: bool,

    /// File with further passwords to refuse. Each line contains the SHA-1 hash of a password in
    /// hexadecimal, or at least the first ten digits of the hash; a colon and everything after it
    /// are ignored
    #[arg(long, env)]
    pub compromised_passwords_file: Option<PathBuf>,

    /// Folder with a built single-page application to serve
    #[arg(long, env, value_parser = folder)]
    pub web_root: Option<PathBuf>,

    /// Public origin of task-service, for the web app in WEB_ROOT
    #[arg(long, env, default_value = "http://localhost:8000", value_parser = http_origin)]
    pub tasks_url: WebOrigin,

    /// Sources to add to the content security policy of the application in WEB_ROOT, for instance
    /// `img-src https://images.example.com; font-src 'self'`
    #[arg(long, env)]
    pub web_csp: Option<ContentPolicy>,
}

fn folder(path: &str) -> Result<PathBuf, String> {
    if Path::new(path).join("index.html").is_file() {
        Ok(path.into())
    } else {
        Err(format!("{path} has no index.html"))
    }
}

impl AsRef<ServerArgs> for Config {
    fn as_ref(&self) -> &ServerArgs {
        &self.server
    }
}

impl AsMut<ServerArgs> for Config {
    fn as_mut(&mut self) -> &mut ServerArgs {
        &mut self.server
    }
}

impl Config {
    pub(crate) fn issuer(&self) -> &str {
        self.better_auth_issuer.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn audience(&self) -> &str {
        self.better_auth_audience.as_deref().unwrap_or(self.better_auth_url.as_str())
    }

    pub(crate) fn has_secure_cookies(&self) -> bool {
        self.secure_cookies || self.is_https()
    }

    /// Returns whether the public URL is https and does not refer to this machine.
    fn is_public(&self) -> bool {
        self.is_https() && !is_on_this_machine(self.better_auth_url.as_str())
    }

    /// Returns whether the public URL is https, as it is in production.
    pub(crate) fn is_https(&self) -> bool {
        self.better_auth_url.as_str().starts_with("https://")
    }

    /// Returns the features, including the default of `notify_new_network`, which depends on
    /// `SMTP_URL`.
    pub(crate) fn features(&self) -> Features {
        let notifies = self.features.notify_new_network.unwrap_or(self.mail.smtp_url.is_some());
        Features { notify_new_network: Some(notifies), ..self.features }
    }

    /// Returns the first origin at which users open the web app in a browser, or `None` if there
    /// are only mobile apps.
    pub(crate) fn front_end(&self) -> Option<&WebOrigin> {
        self.frontend_url.iter().find(|origin| http_origin(origin.as_str()).is_ok())
    }

    /// Returns whether a key stays published after its scheduled rotation until the last token that
    /// it signed has expired. Always true without scheduled rotation.
    pub(crate) fn keys_outlive_tokens(&self) -> bool {
        self.jwt_rotation_interval.is_none() || self.jwt_grace_period > self.jwt_expires_in
    }

    /// Returns whether a new key starts to sign before its own rotation is due. Always true without
    /// scheduled rotation.
    pub(crate) fn keys_sign_before_rotation(&self) -> bool {
        self.jwt_rotation_interval.is_none_or(|interval| self.jwt_publish_ahead < interval)
    }

    /// Returns all trusted origins: those of `BETTER_AUTH_URL`, `FRONTEND_URL` and
    /// `BETTER_AUTH_TRUSTED_ORIGINS`.
    pub(crate) fn trusted_origins(&self) -> Vec<TrustedOrigin> {
        let own = [&self.better_auth_url].into_iter().chain(&self.frontend_url);
        let mut origins: Vec<_> = own.map(TrustedOrigin::from).collect();
        origins.extend(self.better_auth_trusted_origins.iter().cloned());
        origins
    }
}
