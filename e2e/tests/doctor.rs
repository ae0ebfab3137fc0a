//! The doctor commands of both services, while both services run.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use e2e::{System, on_both_engines};

on_both_engines!(reports_nothing_for_healthy_services);

const FRONT_END: &str = "http://127.0.0.1:5173";

/// Runs a doctor command with `input` on standard input. Returns its standard output, and whether
/// it succeeded.
fn examine(doctor: &mut Command, input: &str) -> (String, bool) {
    let doctor = doctor.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = doctor.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.success())
}

fn reports_nothing_for_healthy_services(system: &mut System) {
    let (auth, tasks) = (system.auth.url.clone(), system.tasks.url.clone());
    for service in [&mut system.auth, &mut system.tasks] {
        service.stop().unwrap();
        service.set_variable("HOST", "127.0.0.1");
        for (name, value) in [
            ("BETTER_AUTH_URL", auth.as_str()),
            ("BETTER_AUTH_ISSUER", &auth),
            ("BETTER_AUTH_AUDIENCE", &auth),
            ("FRONTEND_URL", FRONT_END),
            ("TASKS_URL", &tasks),
        ] {
            service.set_variable(name, value);
        }
    }
    system.start_services();
    let token = system.token("ada@example.com");

    let (report, is_well) = examine(&mut system.auth.command(&["doctor"]), "");
    assert!(is_well && report.lines().all(|line| line.starts_with("ok ")), "{report}");

    let arguments = ["doctor", "--token-file", "-"];
    let (report, is_well) = examine(&mut system.tasks.command(&arguments), &token);
    assert!(is_well && report.lines().all(|line| line.starts_with("ok ")), "{report}");
    assert!(
        report.contains("token") && report.contains("is accepted and expires in 23h"),
        "{report}"
    );

    let mut doctor = system.tasks.command(&arguments);
    doctor.env("BETTER_AUTH_ISSUER", FRONT_END).env("FRONTEND_URL", "http://localhost:5173");
    let (report, is_well) = examine(&mut doctor, &token);
    assert!(!is_well, "{report}");
    for finding in [
        "fault  BETTER_AUTH_ISSUER    is \"http://127.0.0.1:5173\", but tokens of the issuer",
        "fault  BETTER_AUTH_ISSUER    the token has iss \"http://127.0.0.1:",
        "fault  FRONTEND_URL          the issuer at",
    ] {
        assert!(report.lines().any(|line| line.starts_with(finding)), "{finding:?} in\n{report}");
    }
}
