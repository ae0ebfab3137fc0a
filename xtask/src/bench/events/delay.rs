//! Measures the time from the response to a change until each instance of task-service rejects the
//! tokens that the change revokes.

use std::{
    fmt::Write as _,
    path::Path,
    thread::{scope, sleep},
    time::{Duration, Instant},
};

use ureq::Agent;

use crate::{
    Result,
    bench::{
        engine::Engine,
        http::{get, member, post},
        launcher::Launcher,
    },
    service::{PATIENCE, Service},
};

/// Number of changes of each kind.
const TIMES: u32 = 200;
/// Number of instances of task-service.
const RECEIVERS: usize = 2;
/// Pause between two requests that test whether a token is still accepted.
const GLANCE: Duration = Duration::from_millis(1);
/// Interval at which auth-service queries its database while a task-service waits for events, in
/// milliseconds.
const POLL_MILLIS: u32 = 200;

/// A kind of change that revokes access tokens.
#[derive(Clone, Copy)]
enum Change {
    SignOut,
    RevokeSession,
    DisableUser,
    DeleteUser,
}

const CHANGES: [(&str, Change); 4] = [
    ("`/sign-out`", Change::SignOut),
    ("`/revoke-session`", Change::RevokeSession),
    ("`users disable`", Change::DisableUser),
    ("`/delete-user`", Change::DeleteUser),
];

struct User {
    email: String,
    session: String,
    token: String,
}

/// The running instances of both services.
struct Fleet {
    auth: Vec<Service>,
    tasks: Vec<Service>,
}

/// Returns a table with the delay of each kind of change.
pub(super) fn measure(
    name: &str,
    engine: &Engine,
    replicas: usize,
    programs: &Path,
) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let fleet = Fleet::start(Launcher { programs, folder: folder.path(), engine }, replicas)?;
    let mut report = format!(
        "{name}, auth-service × {replicas}, task-service × {RECEIVERS}, {TIMES} changes of each kind\n\n\
         | change |{}\n|---|{}\n",
        " p50 | max |".repeat(RECEIVERS),
        "---:|---:|".repeat(RECEIVERS)
    );
    for (row, (name, change)) in (0..).zip(CHANGES) {
        let numbers = row * TIMES..(row + 1) * TIMES;
        let delays = numbers.map(|number| fleet.delays(change, number));
        let delays = delays.collect::<Result<Vec<_>>>()?;
        write!(report, "| {name} |")?;
        for receiver in 0..RECEIVERS {
            let mut delays: Vec<_> = delays.iter().filter_map(|each| each.get(receiver)).collect();
            delays.sort_unstable();
            for delay in [delays.get(delays.len() / 2), delays.last()].into_iter().flatten() {
                write!(report, " {:.0} ms |", delay.as_secs_f64() * 1e3)?;
            }
        }
        report.push('\n');
    }
    report.push('\n');
    Ok(report)
}

impl Fleet {
    /// Starts all instances. Those of task-service use the instances of auth-service in turn.
    fn start(launcher: Launcher<'_>, replicas: usize) -> Result<Self> {
        let mut fleet = Self { auth: Vec::new(), tasks: Vec::new() };
        for _ in 0..replicas {
            let mut auth = launcher.auth()?;
            auth.start_and_wait()?;
            fleet.auth.push(auth);
        }
        for auth in fleet.auth.iter().cycle().take(RECEIVERS) {
            let mut tasks = launcher.tasks(auth)?;
            tasks.start_and_wait()?;
            fleet.tasks.push(tasks);
        }
        Ok(fleet)
    }

    /// Signs up a user and revokes the user's token through one of the instances of auth-service,
    /// selected by `number`. Returns the delay at each instance of task-service.
    fn delays(&self, change: Change, number: u32) -> Result<Vec<Duration>> {
        let auth = self.auth.iter().cycle().nth(usize::try_from(number)?);
        let auth = auth.ok_or("no auth-service is running")?;
        let user = User::sign_up(auth, number)?;
        let other_session = match change {
            Change::RevokeSession => user.sign_in(auth)?,
            _ => String::new(),
        };
        for tasks in &self.tasks {
            get(&format!("{}/api/tasks", tasks.url), &user.token)?;
        }
        // The previous measurement ended just after auth-service had queried its database. A pause
        // of varying length spreads the changes over the polling interval.
        sleep(Duration::from_millis((number * 79 % POLL_MILLIS).into()));
        let token = &user.token;
        scope(|scope| {
            let watch = |tasks| scope.spawn(move || first_refusal(tasks, token));
            let watches: Vec<_> = self.tasks.iter().map(watch).collect();
            user.revoke(change, auth, &other_session)?;
            let changed = Instant::now();
            let delays = watches.into_iter().map(|watch| {
                let refused = watch.join().map_err(|_panic| "a request has panicked")??;
                Ok(refused.saturating_duration_since(changed))
            });
            delays.collect()
        })
    }
}

impl User {
    fn sign_up(auth: &Service, number: u32) -> Result<Self> {
        let email = format!("u{number}@example.com");
        let body = format!(r#"{{"name":"User","email":"{email}","password":"correct horse"}}"#);
        let url = format!("{}/api/auth/sign-up/email", auth.url);
        let session = member("token", &post(&url, None, &body)?)?;
        let token = get(&format!("{}/api/auth/token", auth.url), &session)?;
        Ok(Self { email, token: member("token", &token)?, session })
    }

    /// Signs in again and returns the token of the new session.
    fn sign_in(&self, auth: &Service) -> Result<String> {
        let body = format!(r#"{{"email":"{}","password":"correct horse"}}"#, self.email);
        member("token", &post(&format!("{}/api/auth/sign-in/email", auth.url), None, &body)?)
    }

    fn revoke(&self, change: Change, auth: &Service, other_session: &str) -> Result {
        let send = |path: &str, session: &str, body: &str| {
            post(&format!("{}/api/auth/{path}", auth.url), Some(session), body).map(drop)
        };
        match change {
            Change::SignOut => send("sign-out", &self.session, "{}"),
            Change::RevokeSession => {
                let body = format!(r#"{{"token":"{}"}}"#, self.session);
                send("revoke-session", other_session, &body)
            }
            Change::DisableUser => {
                let output = auth.command(&["users", "disable", &self.email]).output()?;
                if output.status.success() { Ok(()) } else { Err(format!("{output:?}").into()) }
            }
            Change::DeleteUser => send("delete-user", &self.session, "{}"),
        }
    }
}

/// Sends requests until `token` is rejected, and returns the time of the first rejection.
fn first_refusal(tasks: &Service, token: &str) -> Result<Instant> {
    let agent: Agent = Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}/api/tasks", tasks.url);
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        let request = agent.get(&url).header("authorization", format!("Bearer {token}"));
        let mut response = request.call()?;
        response.body_mut().read_to_string()?;
        if response.status() == 401 {
            return Ok(Instant::now());
        }
        sleep(GLANCE);
    }
    Err("a token is still accepted".into())
}
