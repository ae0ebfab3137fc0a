//! Upper limits for the throughput of the services: pgbench on the same database, a password hash,
//! the verification of a token, and the serialization of a page of tasks.

use std::{
    fmt::Write as _,
    fs,
    process::Command,
    thread::{available_parallelism, scope},
    time::{Duration, Instant},
};

use super::{
    load::Pressure,
    site::{Site, TASKS_EACH},
    usage::Usage,
};
use crate::{Result, postgres::Cluster, step::cargo};

const COLUMNS: &str = "id, title, description, completed, created_at, updated_at, version";
/// Number of pgbench scripts. Each contains fixed ids, so that pgbench prepares its statement only
/// once.
const SCRIPTS: usize = 100;

/// Runs the task API's main statements with pgbench, each prepared and in its own transaction.
/// Returns a table of the results.
pub(super) fn pgbench(site: &Site, cluster: &Cluster, pressure: Pressure) -> Result<String> {
    let statements = [
        ("get", format!("SELECT {COLUMNS} FROM tasks WHERE user_id = 'OWNER' AND id = 'TASK' LIMIT 1")),
        (
            "list, 50 rows",
            format!(
                "SELECT {COLUMNS} FROM tasks WHERE user_id = 'OWNER' \
                 ORDER BY created_at DESC, id DESC LIMIT 51"
            ),
        ),
        (
            "update",
            format!(
                "UPDATE tasks SET completed = true, updated_at = now(), version = version + 1 \
                 WHERE user_id = 'OWNER' AND id = 'TASK' RETURNING {COLUMNS}"
            ),
        ),
        (
            "create",
            "INSERT INTO tasks (id, user_id, title, description, completed, created_at, updated_at, \
             version, title_folded, description_folded) SELECT gen_random_uuid(), 'OWNER', 'Another task', \
             'To be done on a day like any other, by somebody.', false, now(), now(), 1, 'another task', \
             'to be done on a day like any other, by somebody.'"
                .to_owned(),
        ),
    ];
    let mut report =
        "| pgbench (ceiling) | transactions/s | CPU of the database |\n|---|---:|---:|\n"
            .to_owned();
    for (name, statement) in statements {
        let folder = site.folder().join(format!("pgbench {name}"));
        fs::create_dir_all(&folder)?;
        let mut pgbench = Command::new("pgbench");
        pgbench
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={}", pressure.connections))
            .arg(format!("--time={}", pressure.seconds));
        for (number, line) in fs::read_to_string(site.users())?.lines().take(SCRIPTS).enumerate() {
            let mut words = line.split(' ').skip(3);
            let (Some(owner), Some(id)) = (words.next(), words.nth(number % TASKS_EACH)) else {
                return Err("a user without tasks".into());
            };
            let file = folder.join(number.to_string());
            fs::write(&file, statement.replace("OWNER", owner).replace("TASK", id) + ";\n")?;
            pgbench.arg("--file").arg(file);
        }
        let servers = [cluster.process_id()];
        let before = Usage::now(std::process::id(), &servers)?;
        let output = pgbench.arg(cluster.url_of("tasks")).output()?;
        let used = Usage::now(std::process::id(), &servers)?.since(&before);
        let text = String::from_utf8_lossy(&output.stdout);
        let figure = |label: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(label))?;
            line.trim().split([' ', '/']).next()?.parse::<f64>().ok()
        };
        let figures = figure("number of transactions actually processed:").zip(figure("tps ="));
        let (transactions, per_second) = figures
            .ok_or_else(|| format!("pgbench: {}", String::from_utf8_lossy(&output.stderr)))?;
        let _ = writeln!(
            report,
            "| {name} | {per_second:.0} | {:.1} µs |",
            used.database / transactions
        );
    }
    report.push('\n');
    Ok(report)
}

/// Returns the time that one bcrypt hash takes, in microseconds, while all cores are hashing.
pub(super) fn bcrypt_micros(cost: u32) -> Result<f64> {
    const HASHES: u32 = 8;
    let hash_some = || -> bcrypt::BcryptResult<Duration> {
        let start = Instant::now();
        for _ in 0..HASHES {
            bcrypt::hash("correct horse", cost)?;
        }
        Ok(start.elapsed() / HASHES)
    };
    let cores = u32::try_from(available_parallelism()?.get())?;
    scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(hash_some)).collect();
        let mut sum = Duration::ZERO;
        for thread in threads {
            sum += thread.join().map_err(|_panic| "a hashing thread panicked")??;
        }
        Ok((sum / cores).as_secs_f64() * 1e6)
    })
}

/// Runs the benchmarks of the crates: verifying a token and serializing a page of tasks, on one
/// core.
pub(super) fn criterion() -> Result<String> {
    run_criterion(&[
        &["-p", "jwks-auth", "--bench", "verify", "--", "--quiet"],
        &["-p", "task-service", "--bench", "listing", "--features", "bench", "--", "--quiet"],
    ])
}

/// Measures the verification of a cached token with and without security events, on one core.
pub(super) fn cached_token() -> Result<String> {
    run_criterion(&[&["-p", "jwks-auth", "--bench", "verify", "--", "--quiet", "/cached"]])
}

fn run_criterion(benches: &[&[&str]]) -> Result<String> {
    let mut report = "On one core; the middle value is the estimate, between the bounds of its confidence interval:\n\n".to_owned();
    for bench in benches {
        let output = cargo(&["bench"]).args(*bench).output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let lines = String::from_utf8_lossy(&output.stdout);
        // Criterion prints a long name on a line of its own.
        let mut name = "";
        for line in lines.lines().map(str::trim) {
            match line.split_once("time:") {
                Some(("", figures)) => writeln!(report, "    {name:40}{figures}")?,
                Some((name, figures)) => writeln!(report, "    {:40}{figures}", name.trim())?,
                None => name = line,
            }
        }
    }
    report.push('\n');
    Ok(report)
}
