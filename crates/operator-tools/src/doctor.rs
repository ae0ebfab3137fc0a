//! Diagnoses configuration problems without changing anything. A service composes its own list of
//! checks. Each result is one line, and names the setting to change if that can solve a problem.

mod clock;
mod cors;
mod database;
mod http;
mod service;
mod sites;

use std::{
    error::Error as StdError,
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Args;
use serde::Serialize;
use url::Url;

pub use self::{
    clock::{Skew, clocks},
    cors::cors,
    database::{Examined, Schema, examine, may_hold_files},
    http::{Answer, Caller, NoAnswer},
    service::{Running, running},
    sites::{is_another_site, is_https, is_loopback, same_but_for_the_host},
};

/// Maximum length of a finding's text in characters. The text may quote responses of other servers.
const MAX_TEXT: usize = 600;

/// Options of the doctor command.
#[derive(Args, Clone, Copy, Debug)]
pub struct DoctorArgs {
    /// Print each finding as a JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// The subject could not be checked.
    Skip,
    /// The configuration works, but probably not as intended.
    Warn,
    Fault,
}

/// Result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    verdict: Verdict,
    /// The setting to change, or the subject of the check.
    subject: &'static str,
    text: String,
}

impl Finding {
    pub fn ok(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(Verdict::Ok, subject, &text.into())
    }

    pub fn skip(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(Verdict::Skip, subject, &text.into())
    }

    pub fn warn(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Verdict::Warn, setting, &text.into())
    }

    pub fn fault(setting: &'static str, text: impl Into<String>) -> Self {
        Self::new(Verdict::Fault, setting, &text.into())
    }

    fn new(verdict: Verdict, subject: &'static str, text: &str) -> Self {
        // Control characters that were received over the network must not imitate another finding.
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        Self { verdict, subject, text: text.chars().map(printable).take(MAX_TEXT).collect() }
    }

    fn is_fault(&self) -> bool {
        self.verdict == Verdict::Fault
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ok => "ok",
            Self::Skip => "skip",
            Self::Warn => "warn",
            Self::Fault => "fault",
        })
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<6} {:<21} {}", self.verdict, self.subject, self.text)
    }
}

/// Prints one finding per line. Returns failure if any of them is a fault or cannot be printed.
pub fn report(findings: &[Finding], args: DoctorArgs) -> ExitCode {
    let lines = findings.iter().map(|finding| {
        if args.json { serde_json::to_string(finding) } else { Ok(finding.to_string()) }
    });
    let text: Result<Vec<_>, _> = lines.collect();
    let printed = text.is_ok_and(|lines| {
        io::stdout().write_all(format!("{}\n", lines.join("\n")).as_bytes()).is_ok()
    });
    if printed && !findings.iter().any(Finding::is_fault) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns a URL without its possible secrets: user, password, query and fragment.
pub fn shown(url: &Url) -> String {
    let authority = url.host_str().map(|host| match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    });
    format!("{}://{}{}", url.scheme(), authority.unwrap_or_default(), url.path())
}

/// Returns the message of an error's innermost cause, which usually names the actual problem.
pub fn innermost(error: &(dyn StdError + 'static)) -> String {
    let mut innermost = error;
    while let Some(cause) = innermost.source() {
        innermost = cause;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_one_line_whatever_it_repeats() {
        let finding = Finding::fault("BETTER_AUTH_ISSUER", "says \"a\nok     x\x1b[2J\"");
        assert_eq!(finding.to_string(), "fault  BETTER_AUTH_ISSUER    says \"a ok     x [2J\"");
        let long = Finding::ok("keys", "k".repeat(10_000));
        assert!(long.to_string().len() < 700);
    }

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        let url = "https://user:hidden@example.com:8443/jwks?key=hidden#hidden".parse().unwrap();
        assert_eq!(shown(&url), "https://example.com:8443/jwks");
    }
}
