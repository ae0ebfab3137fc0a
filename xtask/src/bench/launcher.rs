//! Service processes with the settings of the benchmarks.

use std::{fs::File, path::Path, process::Command};

use super::engine::Engine;
use crate::{Result, ports, service::Service};

/// Lowest allowed bcrypt cost, so that the rest of a sign-in has a large share of the CPU time.
pub(super) const BCRYPT_COST: u32 = 10;
const SECRET: &str = "a secret for benchmarks with more than 32 characters";

/// The parameters that the services of a benchmark share: the folder with their programs, their
/// working directory, and their database engine.
#[derive(Clone, Copy)]
pub(super) struct Launcher<'a> {
    pub(super) programs: &'a Path,
    pub(super) folder: &'a Path,
    pub(super) engine: &'a Engine,
}

impl Launcher<'_> {
    /// Creates an auth-service without starting it.
    pub(super) fn auth(self) -> Result<Service> {
        let (url, mut command) = self.command("auth-service", "auth")?;
        command.env("BETTER_AUTH_SECRET", SECRET).env("BCRYPT_COST", BCRYPT_COST.to_string());
        Ok(Service::new("auth-service", url, command))
    }

    /// Creates a task-service without starting it. It uses the keys and the security events of
    /// `auth`.
    pub(super) fn tasks(self, auth: &Service) -> Result<Service> {
        let (url, mut command) = self.command("task-service", "tasks")?;
        command.env("BETTER_AUTH_JWKS_URL", format!("{}/api/auth/jwks", auth.url));
        Ok(Service::new("task-service", url, command))
    }

    /// Returns a service's base URL and the command that starts the service.
    fn command(self, name: &str, database: &str) -> Result<(String, Command)> {
        let port = ports::free()?;
        let log = File::create(self.folder.join(format!("{name}-{port}.log")))?;
        let mut command = Command::new(self.programs.join(name));
        command
            .current_dir(self.folder)
            .stdout(log.try_clone()?)
            .stderr(log)
            .env("PORT", port.to_string())
            .env("DATABASE_URL", self.engine.url_of(database, self.folder)?)
            .env("EVENTS_SECRET", SECRET)
            .env("RATE_LIMIT", "off");
        Ok((format!("http://127.0.0.1:{port}"), command))
    }
}
