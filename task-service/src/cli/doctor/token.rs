//! Checks whether a token is accepted and explains why not, without printing the token.

use std::{
    fs::File,
    io::{self, Read as _},
    path::Path,
    time::{Duration, SystemTime},
};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use jwks_auth::{Algorithm, Error, Refusal, Verifier};
use operator_tools::doctor::Finding;
use serde_json::Value;
use service_kit::Clock;
use shared_models::CallerClaims;
use tokio::time::timeout;

use super::issuer::{Issuer, names};

/// Maximum number of bytes to read from the file, far more than the length of any token.
const MAX_FILE_BYTES: u64 = 64 * 1024;
const SUBJECT: &str = "token";
const WHERE_FROM: &str = "get a new one from /api/auth/token of auth-service";

/// Unverified content of a token, used only for diagnosis.
struct Said {
    header: Value,
    claims: Value,
}

/// Checks whether the token in `file` (`-` is standard input) is accepted. Waits at most
/// `limit` for the keys of its issuer.
pub(super) async fn check(
    verifier: &Verifier,
    file: &Path,
    issuers: &[Issuer<'_>],
    clock: &Clock,
    limit: Duration,
) -> Finding {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) => return Finding::fault("--token-file", format!("cannot be read: {error}")),
    };
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token);
    let now = SystemTime::from(clock.now()).duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default().as_secs_f64();
    let said = Said::read(token);
    // `verify` waits for the keys while they are being fetched, and returns if the first fetch
    // fails.
    match timeout(limit, verifier.verify::<CallerClaims>(token)).await {
        Ok(Ok(verified)) => {
            let left = span(verified.registered().exp - now);
            Finding::ok(SUBJECT, format!("is accepted and expires in {left}"))
        }
        Ok(Err(error)) => refused(error, &said, issuers, now),
        Err(_elapsed) => keys_unavailable(),
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    } else {
        File::open(file)?.take(MAX_FILE_BYTES).read_to_string(&mut text)?;
    }
    Ok(text)
}

impl Said {
    fn read(token: &str) -> Self {
        let mut parts = token.split('.').map(|part| {
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(part).unwrap_or_default();
            serde_json::from_slice(&bytes).unwrap_or_default()
        });
        let mut part = || parts.next().unwrap_or_default();
        Self { header: part(), claims: part() }
    }

    fn header(&self, name: &str) -> &Value {
        self.header.get(name).unwrap_or(&Value::Null)
    }

    fn claim(&self, name: &str) -> &Value {
        self.claims.get(name).unwrap_or(&Value::Null)
    }

    fn date(&self, name: &str) -> Option<f64> {
        self.claim(name).as_f64()
    }
}

fn refused(error: Error, said: &Said, issuers: &[Issuer<'_>], now: f64) -> Finding {
    let named = issuers.iter().find(|issuer| said.claim("iss") == issuer.trusted.issuer);
    let refusal = match error {
        Error::Expired => return expired(said, named, now),
        Error::Refused(refusal) => refusal,
        _ => return keys_unavailable(),
    };
    match (refusal, named) {
        (Refusal::WrongIssuer, _) => {
            let ours: Vec<_> =
                issuers.iter().map(|one| format!("{:?}", one.trusted.issuer)).collect();
            let (iss, ours) = (said.claim("iss"), ours.join(", "));
            let text = format!("the token has iss {iss}, which is not a trusted issuer: {ours}");
            Finding::fault("BETTER_AUTH_ISSUER", text)
        }
        (Refusal::WrongAudience, Some(Issuer { trusted, .. })) => {
            let (aud, ours) = (said.claim("aud"), trusted.audience);
            let text = format!(
                "the token has aud {aud}, but {ours:?} is expected: both must be identical"
            );
            Finding::fault(trusted.audience_setting(), text)
        }
        (Refusal::UnknownKey, Some(Issuer { trusted, kids: Some(kids), .. })) => {
            let (kid, kids) = (said.header("kid"), kids.join(", "));
            let text = format!("the token was signed with the key {kid}, but the published keys");
            Finding::fault(trusted.jwks_setting(), format!("{text} are {kids}"))
        }
        (Refusal::NotYetValid, _) => {
            let dates = [said.date("iat"), said.date("nbf")];
            let begins = dates.into_iter().flatten().fold(now, f64::max);
            let text =
                format!("the token becomes valid in {}: the issuer's clock", span(begins - now));
            Finding::fault(
                "clock",
                format!("{text} is probably ahead of this machine's; synchronize both with NTP"),
            )
        }
        (Refusal::WrongAlgorithm, Some(Issuer { trusted, .. })) => {
            let (alg, allowed) = (said.header("alg"), trusted.algorithms());
            let own = alg.as_str().and_then(Algorithm::from_name);
            let is_allowed = own.is_some_and(|own| allowed.contains(&own));
            let text = if is_allowed {
                format!("is signed with {alg}, but its key is for another algorithm")
            } else {
                format!("is signed with {alg}, but only {} is accepted", names(&allowed))
            };
            Finding::fault(SUBJECT, text)
        }
        (Refusal::NotCompact, _) => {
            let text =
                "is not a JWT; if it is a session token, exchange it for a JWT at /api/auth/token";
            Finding::fault(SUBJECT, text)
        }
        (refusal, _) => Finding::fault(SUBJECT, format!("is refused: {refusal}")),
    }
}

fn expired(said: &Said, issuer: Option<&Issuer<'_>>, now: f64) -> Finding {
    let exp = said.date("exp").unwrap_or(now);
    let ago = span(now - exp);
    // A float is precise enough for a clock skew in milliseconds.
    let ahead = issuer.and_then(|issuer| issuer.skew).map_or(0.0, |skew| skew.0.as_seconds_f64());
    if exp > now + ahead {
        let text = format!("the token expired {ago} ago by our clock, but is valid by that of");
        return Finding::fault("clock", format!("{text} its issuer: synchronize both with NTP"));
    }
    let lifetime = said.date("iat").map(|iat| format!(" and was valid for {}", span(exp - iat)));
    let lifetime = lifetime.unwrap_or_default();
    Finding::fault(SUBJECT, format!("expired {ago} ago{lifetime}: {WHERE_FROM}"))
}

fn keys_unavailable() -> Finding {
    let text = "the keys of the token's issuer are unavailable, so the token cannot be verified";
    Finding::fault("BETTER_AUTH_JWKS_URL", text)
}

/// Formats a number of seconds for people, without its sign and truncated to whole seconds.
fn span(seconds: f64) -> String {
    let span = Duration::try_from_secs_f64(seconds.abs().trunc());
    span.map_or_else(|_| "ages".to_owned(), |span| humantime::format_duration(span).to_string())
}
