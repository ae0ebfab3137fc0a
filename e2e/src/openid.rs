//! An OpenID Connect provider on Node, as a token issuer.

use std::process::{Child, Command, Stdio};

use xtask::ports;

use crate::{node::start_until_ready, tool};

/// An `oidc-provider` with keys for RS256, ES256 and EdDSA, stopped on drop.
#[derive(Debug)]
pub struct OpenIdProvider {
    /// The `iss` claim of the provider's tokens. The provider's keys can be discovered from this
    /// URL.
    pub issuer: String,
    child: Child,
}

impl OpenIdProvider {
    /// The `aud` claim of the provider's tokens.
    pub const AUDIENCE: &'static str = "https://api.example.com";

    /// Starts the provider. Returns `None` if [`tool`] finds no `TEST_NODE`.
    pub fn start() -> Option<Self> {
        let node = tool("TEST_NODE")?;
        let port = ports::free().expect("a port is free");
        let child = start_until_ready(
            Command::new(node)
                .arg(xtask::root().join("e2e/clients/reference/openid.mjs"))
                .env("PORT", port.to_string())
                // The provider warns that it stores its data in memory.
                .stderr(Stdio::null()),
        );
        Some(Self { issuer: format!("http://localhost:{port}"), child })
    }

    /// Returns an access token that is signed with this algorithm.
    pub fn token(&self, algorithm: &str) -> String {
        let resource = format!("{}/{algorithm}", Self::AUDIENCE);
        let mut response = ureq::post(format!("{}/token", self.issuer))
            .send_form([
                ("grant_type", "client_credentials"),
                ("client_id", "tester"),
                ("client_secret", "example-secret"),
                ("resource", &resource),
                ("scope", "tasks:read tasks:write"),
            ])
            .expect("the provider issues a token");
        let body: serde_json::Value = response.body_mut().read_json().expect("the body is JSON");
        let token = body.get("access_token").and_then(serde_json::Value::as_str);
        token.expect("the response contains a token").to_owned()
    }
}

impl Drop for OpenIdProvider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
