//! Both services on one engine, with test data.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::Command,
    thread::scope,
};

use tempfile::TempDir;

use super::{engine::Engine, operation::Which};
use crate::{Result, ports, service::Service, step::release_programs};

pub(super) const USERS: usize = 200;
pub(super) const TASKS_EACH: usize = 50;
/// The lowest cost allowed, so that the rest of a sign-in has the largest share possible.
pub(super) const BCRYPT_COST: u32 = 10;
const SECRET: &str = "a secret for benchmarks with more than 32 characters";
/// Number of threads that create the test data.
const MAKERS: usize = 4;

pub(super) struct Site {
    pub(super) name: &'static str,
    pub(super) engine: Engine,
    /// Whether the programs are those of another build.
    pub(super) other_build: bool,
    folder: TempDir,
    auth: Service,
    tasks: Service,
    cold_starts_ms: [u128; 2],
}

impl Site {
    /// Starts the programs of a folder.
    pub(super) fn start(name: &'static str, engine: Engine, programs: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [auth_port, tasks_port] = [ports::free()?, ports::free()?];
        let [auth_url, tasks_url] =
            [auth_port, tasks_port].map(|port| format!("http://127.0.0.1:{port}"));
        let command = |name: &str, database: &str, port: u16| -> Result<Command> {
            let database = engine.url_of(database, folder.path())?;
            let log = File::create(folder.path().join(name).with_extension("log"))?;
            let mut command = Command::new(programs.join(name));
            command
                .current_dir(folder.path())
                .stdout(log.try_clone()?)
                .stderr(log)
                .env("PORT", port.to_string())
                .env("DATABASE_URL", database)
                .env("EVENTS_SECRET", SECRET)
                .env("RATE_LIMIT", "off");
            Ok(command)
        };
        let mut auth = command("auth-service", "auth", auth_port)?;
        auth.env("BETTER_AUTH_SECRET", SECRET).env("BCRYPT_COST", BCRYPT_COST.to_string());
        let mut tasks = command("task-service", "tasks", tasks_port)?;
        tasks.env("BETTER_AUTH_JWKS_URL", format!("{auth_url}/api/auth/jwks"));
        let mut auth = Service::new("auth-service", auth_url, auth);
        let mut tasks = Service::new("task-service", tasks_url, tasks);
        let cold_starts_ms =
            [auth.start_and_time()?, tasks.start_and_time()?].map(|taken| taken.as_millis());
        let other_build = programs != release_programs()?;
        Ok(Self { name, engine, other_build, folder, auth, tasks, cold_starts_ms })
    }

    /// Time from process start to the first successful readiness check: auth-service, task-service.
    pub(super) fn cold_starts_ms(&self) -> [u128; 2] {
        self.cold_starts_ms
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Path of a file with one line per user: access token, session token, address, id, and the ids
    /// of the tasks.
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

    /// Creates users with tasks.
    pub(super) fn fill(&self) -> Result {
        let lines = scope(|scope| {
            let makers = (0..MAKERS).map(|maker| {
                let users = (maker..USERS).step_by(MAKERS);
                scope.spawn(move || users.map(|user| self.user(user)).collect::<Result<Vec<_>>>())
            });
            let makers: Vec<_> = makers.collect();
            let mut lines = Vec::new();
            for maker in makers {
                lines.extend(maker.join().map_err(|_panic| "creating the test data panicked")??);
            }
            Result::Ok(lines)
        })?;
        Ok(fs::write(self.users(), lines.join("\n"))?)
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

fn get(url: &str, bearer: &str) -> Result<String> {
    let request = ureq::get(url).header("authorization", format!("Bearer {bearer}"));
    Ok(request.call()?.body_mut().read_to_string()?)
}

fn post(url: &str, bearer: Option<&str>, body: &str) -> Result<String> {
    let mut request = ureq::post(url).header("content-type", "application/json");
    if let Some(bearer) = bearer {
        request = request.header("authorization", format!("Bearer {bearer}"));
    }
    Ok(request.send(body)?.body_mut().read_to_string()?)
}

/// Returns a string field of a JSON response that must contain it.
fn member(name: &str, json: &str) -> Result<String> {
    let after = json.split_once(&format!("\"{name}\":\"")).map(|(_, after)| after);
    let value = after.and_then(|after| Some(after.split_once('"')?.0));
    Ok(value.ok_or_else(|| format!("the response has no {name:?}"))?.to_owned())
}
