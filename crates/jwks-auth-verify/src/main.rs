//! Verifies the bearer token of every request, for proxies that ask another server whether a request
//! is authorized.

use std::{
    error::Error as StdError,
    io::{self, Write as _},
    net::SocketAddr,
    process::ExitCode,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::header::{HeaderName, HeaderValue},
    web::{self, Data, Query},
};
use clap::Parser;
use jwks_auth::{Algorithm, Bearer, Error, Refusal, TrustedIssuer, Verifier};
use serde::Deserialize;
use serde_json::Value;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};
use url::Url;

const SUBJECT: HeaderName = HeaderName::from_static("x-auth-subject");
const SCOPE: HeaderName = HeaderName::from_static("x-auth-scope");

/// Verifies bearer tokens for nginx and other proxies.
///
/// A request with a valid token gets 204, with the headers X-Auth-Subject and X-Auth-Scope. Other
/// requests get 401, 403 or 503. A token must have all scopes in the query parameter `scope`.
#[derive(Parser)]
#[command(version)]
struct Settings {
    /// Address to listen on
    #[arg(long, env, default_value = "127.0.0.1:9000")]
    listen: SocketAddr,

    /// Required `iss` claim, compared exactly
    #[arg(long, env)]
    issuer: String,

    /// Required value of the `aud` claim, compared exactly
    #[arg(long, env)]
    audience: String,

    /// URL of the key set; default: the URL in the metadata of the issuer
    #[arg(long, env)]
    jwks_url: Option<Url>,

    /// Algorithms that tokens may use, separated by commas
    #[arg(long, env, default_value = "EdDSA", value_delimiter = ',')]
    algorithms: Vec<Algorithm>,
}

/// Requirements for the token of a request, which the proxy sends as query parameters.
#[derive(Deserialize)]
struct Required {
    /// Scopes that the token must have, separated by spaces.
    #[serde(default)]
    scope: String,
}

impl Settings {
    fn verifier(self) -> Result<Verifier, jwks_auth::BuildError> {
        let issuer = match self.jwks_url {
            Some(url) => TrustedIssuer::new(self.issuer, self.audience, url),
            None => TrustedIssuer::discover(self.issuer, self.audience),
        };
        Verifier::builder(issuer.algorithms(self.algorithms)).build()
    }
}

async fn verify(
    Bearer(verified): Bearer<Value>,
    required: Query<Required>,
) -> Result<HttpResponse, Error> {
    let claims = verified.registered();
    let has = |scope: &str| claims.scopes.iter().any(|own| own == scope);
    if !required.scope.split_whitespace().all(has) {
        return Err(Error::InsufficientScope { scopes: &[] });
    }
    let subject = header_value(&claims.sub).ok_or(Refusal::WrongSubject)?;
    let scope = header_value(&claims.scopes.join(" ")).ok_or(Refusal::UnexpectedClaims)?;
    Ok(HttpResponse::NoContent()
        .insert_header((SUBJECT, subject))
        .insert_header((SCOPE, scope))
        .finish())
}

/// Converts a value to a header value. Returns `None` if a header cannot carry it unchanged,
/// because a changed value could name another subject or scope.
fn header_value(value: &str) -> Option<HeaderValue> {
    let is_unchanged = value.is_ascii() && value.trim() == value;
    is_unchanged.then(|| HeaderValue::from_str(value).ok()).flatten()
}

async fn run(settings: Settings) -> Result<(), Box<dyn StdError>> {
    let address = settings.listen;
    let verifier = Data::new(settings.verifier()?);
    let app = move || App::new().app_data(verifier.clone()).default_service(web::to(verify));
    Ok(HttpServer::new(app).bind(address)?.run().await?)
}

#[actix_web::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::builder().with_default_directive(LevelFilter::INFO.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter.from_env_lossy())
        .with_writer(io::stderr)
        .init();
    match run(Settings::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "jwks-auth-verify: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::Settings;

    #[actix_web::test]
    async fn the_command_in_the_readme_is_accepted() {
        let mut lines = include_str!("../README.md").lines();
        let command = lines.find(|line| line.starts_with("jwks-auth-verify ")).unwrap();
        let settings = Settings::try_parse_from(command.split_whitespace()).unwrap();
        assert!(settings.verifier().is_ok());
    }
}
