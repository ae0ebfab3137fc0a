//! `task-service doctor`: diagnoses configuration problems and explains why a token is rejected,
//! without changing anything.

mod issuer;
mod token;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;
use operator_tools::doctor::{self, Caller, DoctorArgs, Finding, Schema};
use service_kit::Clock;

use self::issuer::Trusted;
use crate::{config::Config, domain::verifier, store::MIGRATIONS};

/// Time limit for each request, and for waiting for the keys that verify a token.
const PATIENCE: Duration = Duration::from_secs(5);

/// Options of `task-service doctor`.
#[derive(Args, Clone, Debug)]
pub struct TokenDoctorArgs {
    #[command(flatten)]
    pub doctor: DoctorArgs,

    /// File with a token (- for standard input); explains why the token is refused
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

/// Prints the findings, one per line. Returns a failure status if there is a fault, or if the
/// findings cannot be printed.
pub async fn run(config: &Config, args: &TokenDoctorArgs) -> ExitCode {
    doctor::report(&Box::pin(examine(config, args)).await, args.doctor)
}

async fn examine(config: &Config, args: &TokenDoctorArgs) -> Vec<Finding> {
    let clock = Clock::default();
    let caller = Caller { clock: clock.clone(), timeout: PATIENCE };
    let service = doctor::running(&caller, &config.server.host, config.server.port).await;
    let schema = Schema {
        migrations: MIGRATIONS,
        tables: &["tasks", "idempotency_keys", "event_cursors", "erasures"],
        max_connections: config.server.database.database_max_connections,
        migrates_at_start: config.server.migrate,
        is_running: service.url.is_some(),
    };
    let mut findings = vec![service.finding];
    findings.extend(doctor::examine(&config.server.database_url, &schema).await.findings);

    let keys = Caller { timeout: config.jwks_fetch_timeout.min(PATIENCE), ..caller };
    let mut issuers = Vec::new();
    for trusted in Trusted::all(config) {
        let (found, issuer) = issuer::look_at(&keys, trusted, &config.frontend_url).await;
        findings.extend(found);
        issuers.push(issuer);
    }
    match (verifier::build(config, clock.clone()), &args.token_file) {
        (Err(error), _) => {
            findings.push(Finding::fault(verifier::setting(&error), error.to_string()));
        }
        (Ok(verifier), Some(file)) => {
            findings.push(token::check(&verifier, file, &issuers, &clock, PATIENCE).await);
        }
        (Ok(_), None) => {}
    }
    findings
}
