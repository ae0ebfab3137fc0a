//! Builds the two programs at the top of jwks-auth's README as a separate project, as a new user
//! would, and starts them. Of the workspace, this project uses only the packages that would be
//! published.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command},
};

use xtask::ports;

use crate::{Client, System, wait_until};

const MANIFEST: &str = r#"
[package]
name = "quick-starts"
edition = "2024"

[dependencies]
actix-web = { version = "4", default-features = false, features = ["macros"] }
axum = { version = "0.8", default-features = false, features = ["http1", "tokio"] }
jwks-auth = { version = "0.1", features = ["actix", "axum"] }
serde = { version = "1", features = ["derive"] }
tokio = { version = "1", features = ["macros", "net", "rt"] }

[patch.crates-io]
jwks-auth = { path = "packages/jwks-auth-0.1.0" }
jwks-auth-http = { path = "packages/jwks-auth-http-0.1.0" }

# Not a member of the surrounding workspace.
[workspace]
exclude = ["packages"]
"#;
/// Start of the profile in the manifest of the workspace. The programs are built with the same
/// profile, so that dependencies that are already compiled are reused.
const PROFILE: &str = "\n[profile.dev]\n";

const PACKAGES: [&str; 2] = ["jwks-auth", "jwks-auth-http"];
/// The programs in the order of the README, named after their frameworks.
const PROGRAMS: [&str; 2] = ["actix", "axum"];
/// Delimiters of the programs in the README.
const FENCES: (&str, &str) = ("```rust,no_run\n", "```");
/// Default issuer of auth-service.
const ISSUER: &str = "http://localhost:3000";

/// A running program, stopped on drop.
#[derive(Debug)]
pub struct QuickStart {
    url: String,
    child: Child,
}

impl QuickStart {
    /// Builds and starts the programs, which verify the access tokens of `system`.
    pub fn start_all(system: &System) -> Vec<Self> {
        let target = xtask::root().join("target");
        let project = target.join("quick-starts");
        unpack(&target, &project.join("packages"));
        let addresses =
            PROGRAMS.map(|_| format!("127.0.0.1:{}", ports::free().expect("a port is free")));
        write(&project, system, &addresses);
        let mut build = cargo(&["build", "--quiet", "--offline", "--bins"]);
        run(build.current_dir(&project).env("CARGO_TARGET_DIR", &target));

        let start = |(name, address): (&str, &String)| {
            let program = target.join("debug").join(format!("quick-start-{name}"));
            let child = Command::new(program).spawn().expect("the program can be started");
            wait_until("the README's program listens", || TcpStream::connect(address).is_ok());
            Self { url: format!("http://{address}"), child }
        };
        PROGRAMS.into_iter().zip(&addresses).map(start).collect()
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

/// Creates the packages that would be published, and unpacks them into `folder`.
fn unpack(target: &Path, folder: &Path) {
    let mut package = cargo(&["package", "--quiet", "--offline", "--no-verify", "--allow-dirty"]);
    for name in PACKAGES {
        package.args(["-p", name]);
    }
    run(package.current_dir(xtask::root()).env("CARGO_TARGET_DIR", target));
    fs::create_dir_all(folder).expect("a folder can be made");
    for name in PACKAGES {
        let archive = target.join("package").join(format!("{name}-0.1.0.crate"));
        // The files in the archive have constant times, by which Cargo would not detect changes.
        run(Command::new("tar").args(["-x", "--touch", "-f"]).arg(archive).arg("-C").arg(folder));
    }
}

fn write(project: &Path, system: &System, addresses: &[String]) {
    let programs = project.join("src/bin");
    fs::create_dir_all(&programs).expect("a folder can be made");
    let workspace = fs::read_to_string(xtask::root().join("Cargo.toml"));
    let workspace = workspace.expect("the workspace has a manifest");
    let (_, profile) = workspace.split_once(PROFILE).expect("the manifest ends with a profile");
    fs::write(project.join("Cargo.toml"), [MANIFEST, PROFILE, profile].concat())
        .expect("a file can be written");
    // The versions that the workspace has locked are available offline.
    fs::copy(xtask::root().join("Cargo.lock"), project.join("Cargo.lock"))
        .expect("a file can be copied");
    let readme = fs::read_to_string(xtask::root().join("crates/jwks-auth/README.md"))
        .expect("there is a README");
    let sources = readme.split(FENCES.0).skip(1).filter_map(|rest| rest.split(FENCES.1).next());
    for ((name, address), source) in PROGRAMS.iter().zip(addresses).zip(sources) {
        assert!(source.contains(*name), "the README has another order of programs");
        let dependency = format!("jwks-auth = {{ version = \"0.1\", features = [\"{name}\"] }}\n");
        assert!(readme.contains(&dependency), "the README has another dependency for {name}");
        let source = source
            .replace("https://id.example.com/api/auth/jwks", &format!("{}/jwks", system.auth.url))
            .replace("https://id.example.com", ISSUER)
            .replace("https://api.example.com", ISSUER)
            .replace("127.0.0.1:8080", address);
        fs::write(programs.join(format!("quick-start-{name}.rs")), source)
            .expect("a file can be written");
    }
}

fn cargo(arguments: &[&str]) -> Command {
    let mut cargo = Command::new(xtask::variable("CARGO").as_deref().unwrap_or("cargo"));
    cargo.args(arguments);
    cargo
}

fn run(command: &mut Command) {
    let status = command.status();
    assert!(status.is_ok_and(|status| status.success()), "{command:?} fails");
}
