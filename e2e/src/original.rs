//! Better Auth on Node, as a token issuer.

use std::process::{Child, Command};

use tempfile::TempDir;
use xtask::ports;

use crate::{Client, node::start_until_ready, tool};

/// A Better Auth server with an empty database, stopped on drop.
#[derive(Debug)]
pub struct Original {
    /// The `iss` and `aud` claims of the server's tokens.
    pub issuer: String,
    url: String,
    child: Child,
    _folder: TempDir,
}

impl Original {
    /// Starts the server. Returns `None` if [`tool`] finds no `TEST_NODE`.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// Like [`Self::start`], with additional environment variables.
    pub fn start_with(variables: &[(&str, &str)]) -> Option<Self> {
        let node = tool("TEST_NODE")?;
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let port = ports::free().expect("a port is free");
        let issuer = format!("http://localhost:{port}");
        let child = start_until_ready(
            Command::new(node)
                .arg(xtask::root().join("e2e/clients/reference/server.mjs"))
                .current_dir(folder.path())
                .env("BETTER_AUTH_URL", &issuer)
                .env(
                    "DATABASE_URL",
                    format!("sqlite://{}", folder.path().join("auth.db").display()),
                )
                .env("PORT", port.to_string())
                .env("RATE_LIMIT", "off")
                .envs(variables.iter().copied()),
        );
        Some(Self { issuer, url: format!("http://127.0.0.1:{port}"), child, _folder: folder })
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }

    pub fn jwks_url(&self) -> String {
        format!("{}/api/auth/jwks", self.url)
    }
}

impl Drop for Original {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
