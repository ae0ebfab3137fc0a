//! Checks of the running services over HTTP.

use std::time::Duration;

use crate::config::Config;
use operator_tools::doctor::{self, Caller, Finding};
use serde_json::Value;
use shared_models::{ISSUER_DOCUMENT, IssuerDocument};

const JWKS: &str = "/api/auth/jwks";
/// Clock difference that task-service tolerates between itself and this service.
const LEEWAY: Duration = Duration::from_secs(30);

/// Checks that the service at `address` publishes the configured issuer and audience, and that the
/// public URL leads to it.
pub(super) async fn service(caller: &Caller, config: &Config, address: &str) -> Vec<Finding> {
    let document = caller.get(&format!("{address}{ISSUER_DOCUMENT}")).await;
    let published = document.ok().and_then(|answer| serde_json::from_slice(&answer.body).ok());
    let issuer = match published {
        Some(IssuerDocument { issuer, .. }) if issuer != config.issuer() => {
            let text = format!(
                "is {:?}, but the running service issues tokens with iss {issuer:?}",
                config.issuer()
            );
            Finding::fault("BETTER_AUTH_ISSUER", format!("{text}: restart it"))
        }
        Some(IssuerDocument { audience, .. }) if audience != config.audience() => {
            let ours = config.audience();
            let text =
                format!("is {ours:?}, but the running service issues tokens with aud {audience:?}");
            Finding::fault("BETTER_AUTH_AUDIENCE", format!("{text}: restart it"))
        }
        Some(IssuerDocument { issuer, audience, .. }) => {
            Finding::ok("issuer", format!("tokens have iss {issuer:?} and aud {audience:?}"))
        }
        None => {
            Finding::skip("issuer", "the running service does not publish its issuer and audience")
        }
    };
    vec![issuer, public_address(caller, config, address).await]
}

/// Checks that the public URL leads to this service, by comparing the published keys.
async fn public_address(caller: &Caller, config: &Config, address: &str) -> Finding {
    let public = config.better_auth_url.as_str();
    let there = match caller.get(&format!("{public}{JWKS}")).await {
        Ok(answer) => answer,
        Err(reason) => {
            let text = format!("cannot reach {public} from here: {reason}");
            return Finding::skip("address", text);
        }
    };
    match caller.get(&format!("{address}{JWKS}")).await {
        Ok(here) if there.status == 200 && here.json() == there.json() => {
            Finding::ok("address", format!("{public} leads to this service"))
        }
        Ok(_) => {
            let text = format!("{public} leads to another server: {JWKS} returns {}", there.status);
            Finding::fault("BETTER_AUTH_URL", format!("{text} and not the keys of this service"))
        }
        Err(reason) => Finding::skip("address", reason.to_string()),
    }
}

/// Checks that task-service has fetched the keys of its issuer, that its clock agrees with that of
/// this machine, and that it accepts requests from the origins of the web app.
pub(super) async fn tasks(caller: &Caller, config: &Config) -> Vec<Finding> {
    let address = config.tasks_url.as_str();
    let health = match caller.get(&format!("{address}/health/ready")).await {
        Ok(health) => health,
        Err(reason) => {
            let text = format!("cannot reach TASKS_URL {address} from here: {reason}");
            return vec![Finding::skip("tasks", text)];
        }
    };
    let who = format!("task-service at {address}");
    let keys = match health.json().get("keys").and_then(Value::as_str) {
        Some("ok") => Finding::ok("tasks", format!("{who} has fetched the keys of its issuer")),
        Some(_) => {
            let text = format!("of {who} returns no keys: run `task-service doctor` there");
            Finding::fault("BETTER_AUTH_JWKS_URL", text)
        }
        None => {
            let text = format!("{address} is not task-service: /health/ready reports no keys");
            return vec![if config.web_root.is_some() {
                Finding::fault("TASKS_URL", text)
            } else {
                Finding::skip("tasks", text)
            }];
        }
    };
    let (clock, _skew) = doctor::clocks(&who, &health, LEEWAY);
    let mut pages = config.frontend_url.clone();
    if config.web_root.is_some() && !pages.contains(&config.better_auth_url) {
        pages.push(config.better_auth_url.clone());
    }
    let url = format!("{address}/api/tasks");
    vec![keys, clock, doctor::cors(caller, &who, &url, &pages, "FRONTEND_URL").await]
}
