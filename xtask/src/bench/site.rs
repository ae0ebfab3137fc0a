//! Both services on one engine, with test data.

use std::{
    fs,
    path::{Path, PathBuf},
    thread::scope,
};

use tempfile::TempDir;

use super::{
    engine::Engine,
    http::{get, member, post},
    launcher::Launcher,
    operation::Which,
};
use crate::{Result, service::Service, step::release_programs};

pub(super) const USERS: usize = 200;
pub(super) const TASKS_EACH: usize = 50;
/// Number of threads that create the test data.
const MAKERS: usize = 4;

pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) engine: Engine,
    /// Whether the services run another build's programs.
    pub(super) other_build: bool,
    folder: TempDir,
    auth: Service,
    tasks: Service,
    cold_starts_ms: [u128; 2],
    client: Option<ClientCredentials>,
}

pub(super) struct ClientCredentials {
    pub(super) id: String,
    pub(super) secret: String,
}

impl Site {
    /// Starts the services whose programs are in the folder `programs`.
    pub(super) fn start(name: &'static str, engine: Engine, programs: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let launcher = Launcher { programs, folder: folder.path(), engine: &engine };
        let mut auth = launcher.auth()?;
        let mut tasks = launcher.tasks(&auth)?;
        let cold_starts_ms =
            [auth.start_and_time()?, tasks.start_and_time()?].map(|taken| taken.as_millis());
        let other_build = programs != release_programs()?;
        Ok(Self { name, engine, other_build, folder, auth, tasks, cold_starts_ms, client: None })
    }

    /// Returns the times from process start to the first successful readiness check of auth-service
    /// and task-service.
    pub(super) fn cold_starts_ms(&self) -> [u128; 2] {
        self.cold_starts_ms
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the path of a file with one line per user: access token, session token, e-mail
    /// address, user id, and the ids of the user's tasks.
    pub(super) fn users(&self) -> PathBuf {
        self.folder.path().join("users")
    }

    pub(super) fn url(&self, service: Which) -> &str {
        match service {
            Which::Auth => &self.auth.url,
            Which::Tasks => &self.tasks.url,
        }
    }

    pub(super) fn process_id(&self, service: Which) -> Result<u32> {
        let service = match service {
            Which::Auth => &self.auth,
            Which::Tasks => &self.tasks,
        };
        Ok(service.process_id().ok_or_else(|| format!("{} does not run", service.name))?)
    }

    /// Returns the credentials of the site's OAuth client, or `None` if the site runs another build
    /// that does not support clients.
    pub(super) fn client(&self) -> Option<&ClientCredentials> {
        self.client.as_ref()
    }

    /// Creates users with tasks, writes the file described at [`Self::users`], and creates an OAuth
    /// client.
    pub(super) fn fill(&mut self) -> Result {
        let site = &*self;
        let lines = scope(|scope| {
            let makers = (0..MAKERS).map(|maker| {
                let users = (maker..USERS).step_by(MAKERS);
                scope.spawn(move || users.map(|user| site.user(user)).collect::<Result<Vec<_>>>())
            });
            let makers: Vec<_> = makers.collect();
            let mut lines = Vec::new();
            for maker in makers {
                lines.extend(maker.join().map_err(|_panic| "creating the test data panicked")??);
            }
            Result::Ok(lines)
        })?;
        self.client = self.new_client()?;
        Ok(fs::write(self.users(), lines.join("\n"))?)
    }

    fn new_client(&self) -> Result<Option<ClientCredentials>> {
        let output = self.auth.command(&["clients", "create", "bench", "--json"]).output()?;
        if self.other_build && !output.status.success() {
            return Ok(None);
        }
        let client = String::from_utf8(output.stdout)?;
        let [id, secret] = [member("id", &client)?, member("secret", &client)?];
        Ok(Some(ClientCredentials { id, secret }))
    }

    fn user(&self, number: usize) -> Result<String> {
        let email = format!("u{number}@example.com");
        let body =
            format!(r#"{{"name":"User {number}","email":"{email}","password":"correct horse"}}"#);
        let sign_up = format!("{}/api/auth/sign-up/email", self.auth.url);
        let signed_up = post(&sign_up, None, &body)?;
        let [session, id] = [member("token", &signed_up)?, member("id", &signed_up)?];
        let token = get(&format!("{}/api/auth/token", self.auth.url), &session)?;
        let token = member("token", &token)?;
        let url = format!("{}/api/tasks", self.tasks.url);
        let mut line = format!("{token} {session} {email} {id}");
        for task in 0..TASKS_EACH {
            let body = format!(
                r#"{{"title":"Task {task} of {number}","description":"To be done on a day like any other, by somebody."}}"#
            );
            line.push(' ');
            line += &member("id", &post(&url, Some(&token), &body)?)?;
        }
        Ok(line)
    }
}
