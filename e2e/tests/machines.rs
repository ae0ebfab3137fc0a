//! OAuth clients that create tasks with the documented commands and with OAuth libraries, and the
//! deletion of a client.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    env, fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use e2e::{System, on_both_engines, tool, wait_until};
use serde_json::Value;
use xtask::{service::Service, walkthrough};

on_both_engines!(
    the_commands_for_clients_work,
    the_cron_job_works,
    oauth_libraries_get_tokens_and_create_tasks,
    oauth_libraries_sign_assertions,
    a_deleted_client_loses_access_and_its_tasks,
);

/// Returns a shell with the environment variables of a service, and with its program in `PATH`.
fn shell(service: &Service) -> Command {
    let like = service.command(&[]);
    let mut shell = Command::new("bash");
    let folder = Path::new(like.get_program()).parent().unwrap().to_owned();
    let path = xtask::variable("PATH").unwrap_or_default();
    let path = [folder].into_iter().chain(env::split_paths(&path));
    shell
        .envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("PATH", env::join_paths(path).unwrap())
        .current_dir(like.get_current_dir().unwrap());
    shell
}

fn the_commands_for_clients_work(system: &mut System) {
    let urls = [&*system.auth.url, &*system.tasks.url];
    let page = "docs/service-to-service.md";
    walkthrough::run_page(page, "clients", shell(&system.auth), urls).unwrap();
}

fn the_cron_job_works(system: &mut System) {
    let [id, secret] = create_client(system);
    let credentials = system.folder().join("client");
    fs::write(&credentials, format!("user = \"{id}:{secret}\"\n")).unwrap();
    let mut job = walkthrough::block("docs/service-to-service.md", "#!/bin/sh").unwrap();
    for (documented, actual) in [
        ("/etc/nightly/client", &*credentials.display().to_string()),
        ("https://auth.example.com", &system.auth.url),
        ("https://tasks.example.com", &system.tasks.url),
    ] {
        assert!(job.contains(documented), "{job}");
        job = job.replace(documented, actual);
    }
    let output = Command::new("sh").args(["-c", &job]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let task: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(task.get("title").unwrap(), "Check the backups");
    assert_eq!(task.get("user_id").unwrap(), &*id);
}

/// Creates a client and returns the JSON that the command prints.
fn create(system: &System, options: &[&str]) -> Value {
    let arguments = ["clients", "create", "nightly", "--scope", "tasks:read,tasks:write", "--json"];
    let output = system.auth.command(&[&arguments, options].concat()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Creates a client and returns its id and its secret.
fn create_client(system: &System) -> [String; 2] {
    let client = create(system, &[]);
    ["id", "secret"].map(|name| client.get(name).unwrap().as_str().unwrap().to_owned())
}

/// Creates a client with a key of this type. Returns the client's id and the path of its private
/// key.
fn create_client_with_key(system: &System, key_type: &[&str]) -> [String; 2] {
    let [private, public] =
        ["private.pem", "public.pem"].map(|name| system.folder().join(name).display().to_string());
    let generate = [&["genpkey", "-out", &private, "-algorithm"], key_type].concat();
    for arguments in [&generate[..], &["pkey", "-in", &private, "-pubout", "-out", &public]] {
        let output = Command::new("openssl").args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    let client = create(system, &["--public-key", &public]);
    [client.get("id").unwrap().as_str().unwrap().to_owned(), private]
}

/// Runs a script and returns the task that it prints, or `None` if the script fails.
fn run(interpreter: &str, script: &str, arguments: &[&str], input: &str) -> Option<Value> {
    let mut child = Command::new(interpreter)
        .arg(xtask::root().join("e2e/clients").join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    output.status.success().then(|| serde_json::from_slice(&output.stdout).unwrap())
}

/// Restarts the services with auth-service's URL as the issuer. Clients require that the issuer in
/// the metadata equals the URL from which they discover it.
fn restart_with_discoverable_issuer(system: &mut System) {
    let auth_url = system.auth.url.clone();
    system.auth.set_variable("BETTER_AUTH_URL", &auth_url);
    for name in ["BETTER_AUTH_ISSUER", "BETTER_AUTH_AUDIENCE"] {
        system.tasks.set_variable(name, &auth_url);
    }
    for service in [&mut system.auth, &mut system.tasks] {
        service.stop().unwrap();
    }
    system.start_services();
}

fn oauth_libraries_get_tokens_and_create_tasks(system: &mut System) {
    restart_with_discoverable_issuer(system);
    let [id, secret] = create_client(system);
    let urls = [&*system.auth.url, &*system.tasks.url];

    for (variable, script) in
        [("TEST_PYTHON", "call_as_a_client.py"), ("TEST_NODE", "call_as_a_client.mjs")]
    {
        let Some(interpreter) = tool(variable) else { continue };
        let task = run(&interpreter, script, &urls, &format!("{id}\n{secret}\n")).unwrap();
        assert_eq!(task.get("title").unwrap(), "Check the backups", "{script}");
        assert_eq!(task.get("user_id").unwrap(), &*id, "{script}");
        assert_eq!(run(&interpreter, script, &urls, &format!("{id}\nwrong\n")), None, "{script}");
    }
}

fn oauth_libraries_sign_assertions(system: &mut System) {
    restart_with_discoverable_issuer(system);
    let p256 = ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
    for (variable, script, key_type) in [
        ("TEST_PYTHON", "call_with_a_key.py", &p256[..]),
        ("TEST_NODE", "call_with_a_key.mjs", &["ed25519"]),
    ] {
        let Some(interpreter) = tool(variable) else { continue };
        let [id, key] = create_client_with_key(system, key_type);
        let call = |id: &str| {
            let arguments = [&*system.auth.url, &*system.tasks.url, id, &*key];
            run(&interpreter, script, &arguments, "")
        };
        for _ in 0..2 {
            let task = call(&id).unwrap();
            assert_eq!(task.get("user_id").unwrap(), &*id, "{script}");
        }
        let [other, _secret] = create_client(system);
        assert_eq!(call(&other), None, "{script}");
    }
}

fn a_deleted_client_loses_access_and_its_tasks(system: &mut System) {
    let [id, secret] = create_client(system);
    let script =
        "curl -sS \"$0/api/auth/oauth2/token\" -u \"$1:$2\" -d grant_type=client_credentials";
    let mut curl = Command::new("bash");
    let output = curl.args(["-c", script, &system.auth.url, &id, &secret]).output().unwrap();
    let response: Value = serde_json::from_slice(&output.stdout).unwrap();
    let token = response.get("access_token").unwrap().as_str().unwrap();
    let tasks = system.tasks_client();
    assert_eq!(tasks.create_task(token, "t").unwrap().status, 201);

    let deleted = system.auth.command(&["clients", "delete", &id, "--yes"]).output().unwrap();
    assert!(deleted.status.success(), "{deleted:?}");
    wait_until("the token is refused", || {
        tasks.get("/api/tasks", token).is_ok_and(|answer| answer.status == 401)
    });
    wait_until("the tasks are erased", || system.rows(&system.tasks, "tasks").is_empty());
}
