//! Detects a running instance of the service on this machine.

use std::net::SocketAddr;

use serde_json::Value;
use service_kit::listen::Host;

use super::{Caller, Finding};

/// Result of the search for a running instance.
#[derive(Clone, Debug)]
pub struct Running {
    pub finding: Finding,
    /// The URL of the service, if it responds.
    pub url: Option<String>,
}

/// Asks the listener at this address whether it is ready.
pub async fn running(caller: &Caller, host: &Host, port: u16) -> Running {
    let without = |finding| Running { finding, url: None };
    let host = match host.from_beside() {
        Ok(host) => host,
        Err(error) => return without(Finding::fault("HOST", error.to_string())),
    };
    let address = format!("http://{}", SocketAddr::new(host, port));
    if port == 0 {
        return without(Finding::skip("service", "PORT is 0, so the address is unknown"));
    }
    let answer = match caller.get(&format!("{address}/health/ready")).await {
        Ok(answer) => answer,
        Err(reason) if reason.is_refused => {
            return without(Finding::skip("service", format!("is not running at {address}")));
        }
        Err(reason) => {
            let text = format!(
                "the program that listens at {address} does not respond like this service: {reason}"
            );
            return without(Finding::fault("PORT", text));
        }
    };
    match answer.json() {
        Value::Object(body) if body.get("status").is_some_and(Value::is_string) => {
            let finding = if answer.status == 200 {
                Finding::ok("service", format!("is ready at {address}"))
            } else {
                let lacks = |(name, state): (_, &Value)| {
                    (name != "status" && state != "ok").then(|| format!("{name} {state}"))
                };
                let lacking: Vec<String> = body.iter().filter_map(lacks).collect();
                let lacking = lacking.join(", ").replace('"', "");
                Finding::warn("service", format!("runs at {address}, but is not ready: {lacking}"))
            };
            Running { finding, url: Some(address) }
        }
        _ => {
            let text = format!("another program listens at {address}: use another port");
            without(Finding::fault("PORT", text))
        }
    }
}
