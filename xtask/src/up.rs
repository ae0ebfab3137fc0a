//! `cargo xtask up`: builds both services and, if a recent Node is installed, the web app. Runs the
//! services until Ctrl-C.

use std::{
    fs::File,
    io::Read as _,
    net::IpAddr,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
};

use crate::{
    Result, ports, root,
    service::{POLL, Service},
    step::{self, cargo, release_programs, step},
    variable,
};

/// Oldest supported version of Node, as in the `engines` of the web app.
const OLDEST_NODE: (u32, u32) = (20, 19);

struct Addresses {
    auth_port: u16,
    tasks_port: u16,
    auth: String,
    tasks: String,
}

pub fn run() -> Result {
    let addresses = Addresses::from_environment()?;
    let page = page()?;
    step("build the services", build)?;
    let mut services = services(&addresses, page.as_deref())?;
    let stopping = stop_on_signal()?;
    let outcome = supervise(&mut services, &addresses, page.is_some(), &stopping);
    for service in &mut services {
        service.stop()?;
    }
    outcome
}

impl Addresses {
    fn from_environment() -> Result<Self> {
        for shared in ["DATABASE_URL", "METRICS_ADDRESS", "PORT"] {
            if variable(shared).is_some() {
                let advice = format!("set AUTH_{shared} and TASKS_{shared} instead");
                return Err(format!("{shared} would apply to both services: {advice}").into());
            }
        }
        let (auth_port, tasks_port) = (port("AUTH_PORT", 3000)?, port("TASKS_PORT", 8000)?);
        let host = host();
        let [auth, tasks] = [auth_port, tasks_port].map(|port| format!("http://{host}:{port}"));
        Ok(Self { auth_port, tasks_port, auth, tasks })
    }
}

fn port(name: &str, default: u16) -> Result<u16> {
    let port = match variable(name) {
        Some(text) => text.parse().map_err(|error| format!("{name}: {error}"))?,
        None => default,
    };
    if ports::is_free(port) {
        Ok(port)
    } else {
        Err(format!("port {port} is taken; set {name} to another").into())
    }
}

/// Returns the host for the URLs of the services: the value of `HOST` if it is the address of a
/// network interface other than loopback, or else `localhost`.
fn host() -> String {
    match variable("HOST").and_then(|host| host.parse().ok()) {
        Some(IpAddr::V4(host)) if !host.is_loopback() && !host.is_unspecified() => host.to_string(),
        Some(IpAddr::V6(host)) if !host.is_loopback() && !host.is_unspecified() => {
            format!("[{host}]")
        }
        _ => "localhost".to_owned(),
    }
}

/// Builds the web app and returns the folder with the result. Returns `None` if the app does not
/// exist, or if Node is missing or too old.
fn page() -> Result<Option<PathBuf>> {
    let folder = root().join("frontend");
    if !folder.join("package.json").exists() {
        return Ok(None);
    }
    if node_version().is_none_or(|version| version < OLDEST_NODE) {
        let (major, minor) = OLDEST_NODE;
        println!("skipped: the web app (install Node {major}.{minor} or newer and run this again)");
        return Ok(None);
    }
    step("build the web app", || {
        let npm = |arguments: &[&str]| {
            step::run(Command::new("npm").args(arguments).current_dir(&folder))
        };
        npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"])?;
        npm(&["run", "build"])
    })?;
    Ok(Some(folder.join("dist")))
}

/// Returns the major and minor version of Node: 20 and 19 for `v20.19.1`.
fn node_version() -> Option<(u32, u32)> {
    let output = Command::new("node").arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let mut parts = version.strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn build() -> Result {
    step::run(&mut cargo(&["build", "--release", "-p", "auth-service", "-p", "task-service"]))
}

fn services(addresses: &Addresses, page: Option<&Path>) -> Result<[Service; 2]> {
    let public = variable("BETTER_AUTH_URL").unwrap_or_else(|| addresses.auth.clone());
    let keys = format!("{}/api/auth/jwks", addresses.auth);

    let mut auth = command("auth-service", "AUTH", addresses.auth_port)?;
    let mut tasks = command("task-service", "TASKS", addresses.tasks_port)?;
    for command in [&mut auth, &mut tasks] {
        set_default(command, "BETTER_AUTH_ISSUER", &public);
        set_default(command, "BETTER_AUTH_AUDIENCE", &public);
        set_default(command, "FRONTEND_URL", &public);
        set_default(command, "TASKS_URL", &addresses.tasks);
    }
    auth.env("BETTER_AUTH_URL", &public).envs(page.map(|folder| ("WEB_ROOT", folder)));
    set_default(&mut tasks, "BETTER_AUTH_JWKS_URL", &keys);
    if variable("EVENTS_SECRET").is_none() && variable("EVENTS_SECRET_FILE").is_none() {
        let secret = secret()?;
        auth.env("EVENTS_SECRET", &secret);
        tasks.env("EVENTS_SECRET", &secret);
    }
    Ok([
        Service::new("auth-service", addresses.auth.clone(), auth),
        Service::new("task-service", addresses.tasks.clone(), tasks),
    ])
}

/// Returns a command that runs the built service `name`. `DATABASE_URL` and `METRICS_ADDRESS` come
/// from the variables with the prefix `prefix`. The process gets its own process group, so that
/// Ctrl-C reaches only this tool, which then stops both services.
fn command(name: &str, prefix: &str, port: u16) -> Result<Command> {
    let mut command = Command::new(release_programs()?.join(name));
    command.current_dir(root()).process_group(0).env("PORT", port.to_string());
    let own = |name| Some((name, variable(&format!("{prefix}_{name}"))?));
    command.envs(["DATABASE_URL", "METRICS_ADDRESS"].into_iter().filter_map(own));
    Ok(command)
}

/// Returns a random `EVENTS_SECRET`, which both services use for this run.
fn secret() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.map(|byte| format!("{byte:02x}")).concat())
}

fn set_default(command: &mut Command, name: &str, value: &str) {
    if variable(name).is_none() {
        command.env(name, value);
    }
}

fn stop_on_signal() -> Result<Arc<AtomicBool>> {
    let stopping = Arc::new(AtomicBool::new(false));
    let signalled = stopping.clone();
    ctrlc::set_handler(move || signalled.store(true, Ordering::Relaxed))?;
    Ok(stopping)
}

/// Starts the services, the issuer first, and waits for a signal. Returns an error if a service
/// exits before the signal.
fn supervise(
    services: &mut [Service],
    addresses: &Addresses,
    has_page: bool,
    stopping: &AtomicBool,
) -> Result {
    for service in services.iter_mut() {
        service.start_and_wait()?;
    }
    announce(addresses, has_page);
    while !stopping.load(Ordering::Relaxed) {
        for service in services.iter_mut() {
            service.check_alive()?;
        }
        sleep(POLL);
    }
    Ok(())
}

fn announce(Addresses { auth, tasks, .. }: &Addresses, has_page: bool) {
    let page = if has_page { format!("web app        {auth}\n") } else { String::new() };
    println!(
        r#"
{page}auth-service   {auth}   documentation: {auth}/docs
task-service   {tasks}   documentation: {tasks}/docs

Press Ctrl-C to stop both services. To create a user and a task, run in another terminal:

session=$(curl -s {auth}/api/auth/sign-up/email -H 'content-type: application/json' -d '{{"name":"Ada","email":"ada-'$(date +%s)'@example.com","password":"correct horse"}}' | sed 's/.*"token":"\([^"]*\).*/\1/')
token=$(curl -s {auth}/api/auth/token -H "authorization: Bearer $session" | sed 's/.*"token":"\([^"]*\).*/\1/')
curl -sw '\n' {tasks}/api/tasks -H "authorization: Bearer $token" -H 'content-type: application/json' -d '{{"title":"Buy milk"}}'; curl -sw '\n' {tasks}/api/tasks -H "authorization: Bearer $token"
"#
    );
}
