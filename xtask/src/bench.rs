//! `cargo xtask bench`: what a request costs, on both engines, measured in one run.
//!
//! CPU time is the figure to go by: user and system time of a process over the requests that it
//! answered. Unlike requests per second it hardly depends on what else the machine does.

mod load;
mod usage;

use std::{
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread::scope,
    time::Instant,
};

use tempfile::TempDir;

use self::{
    load::{Load, OPERATIONS, Operation},
    usage::{cpu_micros, cpu_micros_of_family, resident_megabytes},
};
use crate::{
    Result, ports,
    postgres::Cluster,
    service::Service,
    step::{self, apt_install, cargo, release_program, step},
};

const SECRET: &str = "a secret for benchmarks, of more than 32 characters";
const USERS: usize = 200;
const TASKS_EACH: usize = 50;
/// How many threads make the data.
const MAKERS: usize = 4;

pub fn run() -> Result {
    if Command::new("wrk").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        apt_install(&["wrk"])?;
    }
    step("build the services", || {
        step::run(&mut cargo(&["build", "--release", "-p", "auth-service", "-p", "task-service"]))
    })?;
    let mut tables = Vec::new();
    let cluster = step("start PostgreSQL", || Ok(Cluster::start_durable(&["auth", "tasks"])?))?;
    tables.push(measure("PostgreSQL", Some(&cluster))?);
    drop(cluster);
    tables.push(measure("SQLite", None)?);
    println!("\n{}", tables.join("\n"));
    Ok(())
}

/// Both services on one engine, with data.
struct Site {
    folder: TempDir,
    auth: Service,
    tasks: Service,
}

impl Site {
    fn start(cluster: Option<&Cluster>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let [auth_port, tasks_port] = [ports::free()?, ports::free()?];
        let [auth_url, tasks_url] =
            [auth_port, tasks_port].map(|port| format!("http://127.0.0.1:{port}"));
        let command = |name: &str, database: &str, port: u16| -> Result<Command> {
            let file = format!("sqlite://{}", folder.path().join(database).display());
            let database = cluster.map_or(file, |cluster| cluster.url_of(database));
            let log = File::create(folder.path().join(name).with_extension("log"))?;
            let mut command = Command::new(release_program(name)?);
            command
                .current_dir(folder.path())
                .stdout(log.try_clone()?)
                .stderr(log)
                .env("PORT", port.to_string())
                .env("DATABASE_URL", database)
                .env("RATE_LIMIT", "off");
            Ok(command)
        };
        let mut auth = command("auth-service", "auth", auth_port)?;
        auth.env("BETTER_AUTH_SECRET", SECRET).env("BCRYPT_COST", "10");
        let mut tasks = command("task-service", "tasks", tasks_port)?;
        tasks.env("BETTER_AUTH_JWKS_URL", format!("{auth_url}/api/auth/jwks"));
        let mut site = Self {
            auth: Service::new("auth-service", auth_url, auth),
            tasks: Service::new("task-service", tasks_url, tasks),
            folder,
        };
        site.auth.start_and_wait()?;
        let start = Instant::now();
        site.tasks.start_and_wait()?;
        println!("task-service was ready after {} ms", start.elapsed().as_millis());
        Ok(site)
    }

    /// Users with tasks. Returns a file with a line each: the token, then the ids of the tasks.
    fn fill(&self) -> Result<std::path::PathBuf> {
        let lines = scope(|scope| {
            let makers = (0..MAKERS).map(|maker| {
                let users = (maker..USERS).step_by(MAKERS);
                scope.spawn(move || users.map(|user| self.user(user)).collect::<Result<Vec<_>>>())
            });
            let makers: Vec<_> = makers.collect();
            let mut lines = Vec::new();
            for maker in makers {
                lines.extend(maker.join().map_err(|_panic| "the data could not be made")??);
            }
            Result::Ok(lines)
        })?;
        let file = self.folder.path().join("users");
        fs::write(&file, lines.join("\n"))?;
        Ok(file)
    }

    fn user(&self, number: usize) -> Result<String> {
        let body = format!(
            r#"{{"name":"User {number}","email":"u{number}@example.com","password":"correct horse"}}"#
        );
        let sign_up = format!("{}/api/auth/sign-up/email", self.auth.url);
        let session = load::member("token", &load::post(&sign_up, None, &body)?)?;
        let token = load::get(&format!("{}/api/auth/token", self.auth.url), &session)?;
        let mut line = load::member("token", &token)?;
        for task in 0..TASKS_EACH {
            let body = format!(
                r#"{{"title":"Task {task} of {number}","description":"To be done on a day like any other, by somebody."}}"#
            );
            let url = format!("{}/api/tasks", self.tasks.url);
            let bearer = line.split(' ').next().unwrap_or_default().to_owned();
            line =
                format!("{line} {}", load::member("id", &load::post(&url, Some(&bearer), &body)?)?);
        }
        Ok(line)
    }
}

fn measure(engine: &str, cluster: Option<&Cluster>) -> Result<String> {
    let site = step(&format!("start the services on {engine}"), || Site::start(cluster))?;
    let users = step("make the data", || site.fill())?;
    let mut table = format!(
        "{engine}: {USERS} users with {TASKS_EACH} tasks, {} connections\n\n\
         | operation | requests/s | p50 | p99 | CPU of the service | and of PostgreSQL | errors | memory |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
        load::CONNECTIONS
    );
    for operation in OPERATIONS {
        let row = step(operation.name, || row(&site, &users, cluster, operation))?;
        table += &row;
    }
    Ok(table)
}

fn row(
    site: &Site,
    users: &Path,
    cluster: Option<&Cluster>,
    operation: &Operation,
) -> Result<String> {
    let load = Load::new(&site.tasks.url, users, operation)?;
    load.warm_up()?;
    let service = site.tasks.process_id().ok_or("task-service does not run")?;
    let database = || cluster.map_or(Ok(0.0), |cluster| cpu_micros_of_family(cluster.process_id()));
    let before = (cpu_micros(service)?, database()?);
    let answered = load.run()?;
    let after = (cpu_micros(service)?, database()?);
    let each = |micros: f64| micros / answered.requests;
    Ok(format!(
        "| {} | {:.0} | {:.2} ms | {:.2} ms | {:.1} µs | {:.1} µs | {:.0} | {:.0} MB |\n",
        operation.name,
        answered.per_second,
        answered.p50_ms,
        answered.p99_ms,
        each(after.0 - before.0),
        each(after.1 - before.1),
        answered.unexpected,
        resident_megabytes(service)?,
    ))
}
