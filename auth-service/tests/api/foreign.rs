//! Runs commands without permission to use a file. If the tests run as root, the commands run as
//! another user.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
};

use rustix::process::geteuid;
use tempfile::TempDir;
use tokio::process::Command;

const NOBODY: u32 = 65534;

pub(crate) struct Foreign(TempDir);

impl Foreign {
    pub(crate) fn new() -> Self {
        let place = TempDir::new_in("/tmp").unwrap();
        fs::create_dir(place.path().join("folder")).unwrap();
        fs::write(place.path().join("secret"), "a secret of more than 32 characters").unwrap();
        for (name, mode) in [("", 0o755), ("folder", 0o555), ("secret", 0o200)] {
            let permissions = Permissions::from_mode(mode);
            fs::set_permissions(place.path().join(name), permissions).unwrap();
        }
        Self(place)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    /// Returns a command like `command` that runs without root's permissions.
    pub(crate) fn run(&self, mut command: Command) -> Command {
        if geteuid().is_root() {
            // The other user may have no access to the build directory, so the program is copied.
            let program = self.0.path().join("program");
            if !program.exists() {
                fs::copy(command.as_std().get_program(), &program).unwrap();
            }
            let variables = command.as_std().get_envs();
            let variables: Vec<_> = variables
                .map(|(name, value)| (name.to_owned(), value.unwrap().to_owned()))
                .collect();
            command = Command::new(program);
            command.env_clear().envs(variables).current_dir("/").uid(NOBODY).gid(NOBODY);
        }
        command
    }

    pub(crate) fn advice(path: &str) -> String {
        if geteuid().is_root() {
            format!(
                "{path} belongs to user 0, and this process runs as user {NOBODY}: run `chown -R \
                 {NOBODY}:{NOBODY} {path}`"
            )
        } else {
            format!("run `chmod -R u+rwX {path}`")
        }
    }
}
