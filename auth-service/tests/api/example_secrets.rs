//! The secrets of `.env.example` are accepted only on the local machine.

use auth_service::{app::AuthService, cli::Cli, config::Config};
use clap::Parser as _;
use database::DatabaseUrl;
use service_kit::{App, Clock};
use tempfile::TempDir;

const SECRET: &str = "for-trial-only-000000000000000000000";
const EVERYBODY_KNOWS: &str = "is an example secret from .env.example";

#[actix_web::test]
async fn a_service_on_this_machine_may_have_the_examples_secret() {
    for site in ["http://localhost:3000", "http://auth.localhost", "http://127.0.0.1:3000"] {
        let outcome = start(site, |config| config.better_auth_secret = Some(SECRET.into()));
        assert_eq!(outcome, "started", "{site}");
    }
}

#[actix_web::test]
async fn a_public_service_rejects_the_example_secret() {
    for site in ["https://auth.example.com", "http://192.168.0.2:3000", "http://localhost.test"] {
        let outcome = start(site, |config| config.better_auth_secret = Some(SECRET.into()));
        assert!(outcome.contains(&format!("BETTER_AUTH_SECRET {EVERYBODY_KNOWS}")), "{outcome}");
    }
}

#[actix_web::test]
async fn a_public_service_rejects_the_example_password() {
    let database = "postgres://auth:for-trial-only-auth@127.0.0.1:1/auth";
    let outcome = start("https://auth.example.com", |config| {
        config.server.database_url = database.parse().unwrap();
    });
    assert!(outcome.contains(&format!("DATABASE_URL {EVERYBODY_KNOWS}")), "{outcome}");
}

/// Builds a service with this public URL, and returns "started" or the error message.
fn start(site: &str, change: impl FnOnce(&mut Config)) -> String {
    let folder = TempDir::new().unwrap();
    let mut config = Cli::parse_from(["auth-service", "--port", "0", "--bcrypt-cost", "10"]).config;
    config.better_auth_url = site.parse().unwrap();
    config.server.database_url = DatabaseUrl::Sqlite(folder.path().join("auth.db"));
    change(&mut config);
    match App::<AuthService>::build(&config, Clock::default()) {
        Ok(_) => "started".to_owned(),
        Err(error) => error.to_string(),
    }
}
