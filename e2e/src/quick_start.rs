//! Builds the first program in the README of jwks-auth as a separate project. Of the workspace,
//! this project depends only on jwks-auth.

use std::{
    fs,
    net::TcpStream,
    process::{Child, Command},
};

use xtask::ports;

use crate::{Client, System, wait_until};

const MANIFEST: &str = r#"
[package]
name = "quick-start"
edition = "2024"

[dependencies]
actix-web = { version = "4", default-features = false, features = ["macros"] }
jwks-auth = { path = "JWKS_AUTH", features = ["actix"] }
serde = { version = "1", features = ["derive"] }

# Not a member of the surrounding workspace.
[workspace]

# The profile of the workspace, so that its compiled dependencies are reused.
[profile.dev]
debug = "line-tables-only"
"#;

/// Delimiters of the program in the README.
const FENCES: (&str, &str) = ("```rust,no_run\n", "```");
/// Default issuer of auth-service.
const ISSUER: &str = "http://localhost:3000";

/// The running program, stopped on drop.
#[derive(Debug)]
pub struct QuickStart {
    url: String,
    child: Child,
}

impl QuickStart {
    /// Builds and starts the program with the addresses of `system`.
    pub fn start(system: &System) -> Self {
        let port = ports::free().expect("a port is free");
        let address = format!("127.0.0.1:{port}");
        let source = program()
            .replace("https://id.example.com/api/auth/jwks", &format!("{}/jwks", system.auth.url))
            .replace("https://id.example.com", ISSUER)
            .replace("https://api.example.com", ISSUER)
            .replace("127.0.0.1:8080", &address);

        let target = xtask::root().join("target");
        let project = target.join("quick-start");
        let crate_path = xtask::root().join("crates/jwks-auth");
        let manifest = MANIFEST.replace("JWKS_AUTH", &crate_path.display().to_string());
        fs::create_dir_all(project.join("src")).expect("a folder can be made");
        fs::write(project.join("Cargo.toml"), manifest).expect("a file can be written");
        fs::write(project.join("src/main.rs"), source).expect("a file can be written");
        // The versions that the workspace has locked are available offline.
        fs::copy(xtask::root().join("Cargo.lock"), project.join("Cargo.lock"))
            .expect("a file can be copied");
        let status = Command::new(xtask::variable("CARGO").as_deref().unwrap_or("cargo"))
            .args(["build", "--quiet", "--offline"])
            .current_dir(&project)
            .env("CARGO_TARGET_DIR", &target)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "the README's program does not build");

        let child = Command::new(target.join("debug/quick-start"))
            .spawn()
            .expect("the program can be started");
        wait_until("the README's program listens", || TcpStream::connect(&address).is_ok());
        Self { url: format!("http://{address}"), child }
    }

    pub fn client(&self) -> Client {
        Client::new(&self.url)
    }
}

impl Drop for QuickStart {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program() -> String {
    let readme = fs::read_to_string(xtask::root().join("crates/jwks-auth/README.md"))
        .expect("there is a README");
    let (_, rest) = readme.split_once(FENCES.0).expect("it begins with a program");
    let (program, _) = rest.split_once(FENCES.1).expect("the program ends");
    program.to_owned()
}
