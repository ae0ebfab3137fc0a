//! `cargo xtask compose`: builds the images, starts the compose project as a user would, and checks
//! its guarantees. The command needs a container engine, so it is not part of the tests.

use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    Result,
    step::{self, step},
    walkthrough::{self, AUTH_URL, TASKS_URL},
};

/// Name of the Compose project. It keeps the test data separate from a permanent installation.
const PROJECT: &str = "compose-trial";
/// The services whose exit codes are checked.
const SERVICES: [&str; 3] = ["postgres", "auth-service", "task-service"];
/// Roles, each with the only database that it may connect to.
const OWNERS: [(&str, &str); 2] = [("auth", "auth"), ("tasks", "tasks")];
const PATIENCE: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(200);

pub fn run() -> Result {
    step("build the images", || compose(&["build"]))?;
    step("remove an earlier test deployment", remove)?;
    let outcome = try_out();
    if outcome.is_err() {
        compose(&["logs", "--tail", "50"])?;
    }
    step("remove the test deployment", remove)?;
    outcome
}

fn try_out() -> Result {
    step("start all services", || compose(&["up", "--wait"]))?;
    compose(&["images"])?;
    step("walk through the README", || walkthrough::run(AUTH_URL, TASKS_URL))?;
    step("check that each role can only use its own database", keep_the_databases_apart)?;
    step("restart the database", restart_the_database)?;
    step("stop", stop)
}

/// Returns a command for Compose with the unchanged example settings.
fn docker_compose(arguments: &[&str]) -> Command {
    let mut command = step::program("docker", &["compose", "--env-file", ".env.example"]);
    command.args(["--project-name", PROJECT]).args(arguments);
    command
}

fn compose(arguments: &[&str]) -> Result {
    step::run(&mut docker_compose(arguments))
}

fn remove() -> Result {
    compose(&["down", "--volumes", "--remove-orphans"])
}

/// Checks that each role, with its service's password, can connect only to its own database, and
/// that the superuser cannot connect over the network.
fn keep_the_databases_apart() -> Result {
    for (role, _) in OWNERS {
        for database in ["auth", "tasks", "postgres", "template1"] {
            let password = format!("{}_DATABASE_PASSWORD", role.to_uppercase());
            let answer = sign_in(role, &password, database)?;
            let expected = if OWNERS.contains(&(role, database)) {
                "superuser: false".to_owned()
            } else {
                format!("permission denied for database \"{database}\"")
            };
            expect(&format!("{role} in {database}"), &answer, &expected)?;
        }
    }
    let answer = sign_in("postgres", "POSTGRES_PASSWORD", "postgres")?;
    expect("the superuser from outside", &answer, "password authentication failed")
}

/// Connects to a database over the network as `role`. Returns the output of psql, which may be an
/// error message. `password` is the name of the container's environment variable for the password.
fn sign_in(role: &str, password: &str, database: &str) -> Result<String> {
    let query = "SELECT 'superuser: ' || rolsuper FROM pg_roles WHERE rolname = current_user";
    let script = format!(
        "PGPASSWORD=${password} psql --host=postgres --username={role} --dbname={database} \
         --no-align --tuples-only --command=\"{query}\""
    );
    let output = docker_compose(&["exec", "-T", "postgres", "sh", "-c", &script]).output()?;
    Ok(String::from_utf8([output.stdout, output.stderr].concat())?)
}

fn expect(what: &str, answer: &str, expected: &str) -> Result {
    if answer.contains(expected) {
        Ok(())
    } else {
        Err(format!("{what}: expected {expected:?}, not {answer:?}").into())
    }
}

/// Checks that the services recover from a restart of the database without being restarted, and
/// that the user of the walk-through still exists.
fn restart_the_database() -> Result {
    compose(&["restart", "postgres"])?;
    let start = Instant::now();
    while let Err(error) = answers_come_from_the_database() {
        if start.elapsed() > PATIENCE {
            return Err(error);
        }
        sleep(POLL);
    }
    Ok(())
}

/// Checks readiness, signs in as the user of the walk-through and lists the tasks.
fn answers_come_from_the_database() -> Result {
    for url in [AUTH_URL, TASKS_URL] {
        ureq::get(format!("{url}/health/ready")).call()?;
    }
    let signed_in = ureq::post(format!("{AUTH_URL}/api/auth/sign-in/email"))
        .header("content-type", "application/json")
        .send(r#"{"email": "ada@example.com", "password": "correct horse 42"}"#)?;
    let traded = ureq::get(format!("{AUTH_URL}/api/auth/token"))
        .header("authorization", format!("Bearer {}", token(signed_in)?))
        .call()?;
    ureq::get(format!("{TASKS_URL}/api/tasks"))
        .header("authorization", format!("Bearer {}", token(traded)?))
        .call()?;
    Ok(())
}

/// Returns the field `token` of a JSON response.
fn token(mut answer: ureq::http::Response<ureq::Body>) -> Result<String> {
    let text = answer.body_mut().read_to_string()?;
    let (_, rest) = text.split_once(r#""token":""#).ok_or("a response without a token")?;
    Ok(rest.split('"').next().unwrap_or_default().to_owned())
}

/// Checks that all services exit with 0 when they are stopped, instead of being killed after the
/// grace period.
fn stop() -> Result {
    compose(&["stop"])?;
    let format = "{{.Service}} {{.ExitCode}}";
    let output = docker_compose(&["ps", "--all", "--format", format]).output()?;
    let codes = String::from_utf8(output.stdout)?;
    for service in SERVICES {
        expect("exit codes", &codes, &format!("{service} 0\n"))?;
    }
    Ok(())
}
