//! `auth-service doctor`: diagnoses configuration problems without changing anything.

mod mail;
mod others;
mod pages;
mod secret;

use std::{process::ExitCode, time::Duration};

use operator_tools::doctor::{self, Caller, DoctorArgs, Finding, Schema};
use service_kit::Clock;

use crate::{MIGRATIONS, config::Config};

/// Timeout of each HTTP request, and of the connection to the mail server.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs all checks and prints the findings, one per line. Returns a failure status if there is a
/// fault, or if the findings cannot be printed.
pub async fn run(config: &Config, args: DoctorArgs) -> ExitCode {
    doctor::report(&Box::pin(examine(config)).await, args)
}

async fn examine(config: &Config) -> Vec<Finding> {
    let caller = Caller { clock: Clock::default(), timeout: PATIENCE };
    let service = doctor::running(&caller, &config.server.host, config.server.port).await;
    let schema = Schema {
        migrations: MIGRATIONS,
        tables: &[
            "users",
            "accounts",
            "sessions",
            "signing_keys",
            "verification_tokens",
            "mails",
            "attempts",
            "sign_in_networks",
            "event_streams",
            "security_events",
            "audit_entries",
            "email_changes",
            "oauth_clients",
            "client_assertions",
        ],
        max_connections: config.server.database.database_max_connections,
        migrates_at_start: config.server.migrate,
        is_running: service.url.is_some(),
    };
    let mut stored = doctor::examine(&config.server.database_url, &schema).await;

    let mut findings = vec![service.finding];
    findings.append(&mut stored.findings);
    findings.extend(secret::check(config, stored.database.as_mut()).await);
    findings.extend(pages::check(config));
    findings.push(lifetimes(config));
    findings.extend(mail::check(&config.mail, config.is_https(), PATIENCE).await);
    if let Some(address) = service.url {
        findings.extend(others::service(&caller, config, &address).await);
    }
    findings.extend(others::tasks(&caller, config).await);
    findings
}

fn lifetimes(config: &Config) -> Finding {
    if !config.keys_outlive_tokens() {
        let text = "must exceed JWT_EXPIRES_IN, or tokens outlive their keys";
        Finding::fault("JWT_GRACE_PERIOD", text)
    } else if !config.keys_sign_before_rotation() {
        let text = "must be shorter than JWT_ROTATION_INTERVAL, or a new key never signs";
        Finding::fault("JWT_PUBLISH_AHEAD", text)
    } else {
        Finding::ok("lifetimes", "keys are published until their tokens expire")
    }
}
