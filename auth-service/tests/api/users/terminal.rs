//! `auth-service users` in a terminal, where it prompts for input.

use std::{
    fs::File,
    io::{Read as _, Write as _},
};

use database::{on_both_engines, testing::TestDatabase};
use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{LocalModes, tcgetattr},
};
use tokio::{process::Child, task::yield_now};

use super::{ADA, commands::succeeds_with};
use crate::{
    app::{PASSWORD, TestApp, count},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_password_is_typed_twice_and_not_shown,
    different_passwords_are_refused,
    a_deletion_is_confirmed,
);

/// A process of the built program in a pseudo-terminal.
struct Terminal {
    screen: File,
    shown: String,
    process: Child,
}

impl Terminal {
    fn start(db: &TestDatabase, arguments: &[&str]) -> Self {
        let screen =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&screen).unwrap();
        unlockpt(&screen).unwrap();
        let name = ptsname(&screen, Vec::new()).unwrap();
        // CLOEXEC prevents processes that other tests start from inheriting the terminal, which
        // would keep it open.
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let inside = open(&*name, flags, Mode::empty()).unwrap();
        let mut command = process(&db.url(), &[]);
        command.arg("users").args(arguments).stdin(inside.try_clone().unwrap()).stderr(inside);
        Self { screen: screen.into(), shown: String::new(), process: command.spawn().unwrap() }
    }

    /// Appends output of the process to `shown`. Returns `false` once the process has closed the
    /// terminal.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 1024];
        // Reading fails when the process has closed the other side.
        let count = self.screen.read(&mut bytes).unwrap_or_default();
        self.shown += std::str::from_utf8(&bytes[..count]).unwrap();
        count > 0
    }

    fn wait_for(&mut self, question: &str) {
        while !self.shown.ends_with(question) {
            assert!(self.read(), "{:?}", self.shown);
        }
    }

    fn enter(&mut self, line: &str) {
        self.screen.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// Waits for the question, and until the terminal no longer echoes input; then enters a
    /// password.
    async fn enter_password(&mut self, question: &str, password: &str) {
        self.wait_for(question);
        while tcgetattr(&self.screen).unwrap().local_modes.contains(LocalModes::ECHO) {
            yield_now().await;
        }
        self.enter(password);
    }

    /// Waits until the process exits. Returns its exit status and everything the terminal has
    /// shown.
    async fn finish(mut self) -> (Option<i32>, String) {
        while self.read() {}
        (self.process.wait().await.unwrap().code(), self.shown)
    }
}

async fn a_password_is_typed_twice_and_not_shown(db: TestDatabase) {
    let mut terminal = Terminal::start(&db, &["create", ADA]);
    terminal.enter_password("Password: ", PASSWORD).await;
    terminal.enter_password("Repeat the password: ", PASSWORD).await;
    let (status, shown) = terminal.finish().await;
    assert_eq!(status, Some(0), "{shown:?}");
    assert!(!shown.contains(PASSWORD), "{shown:?}");

    let app = TestApp::spawn(&db).await;
    app.use_real_time();
    assert_eq!(app.sign_in(ADA).await.user["email"], ADA);
}

async fn different_passwords_are_refused(db: TestDatabase) {
    let mut terminal = Terminal::start(&db, &["create", ADA]);
    terminal.enter_password("Password: ", PASSWORD).await;
    terminal.enter_password("Repeat the password: ", "another horse 42").await;
    let (status, shown) = terminal.finish().await;
    assert_eq!(status, Some(1), "{shown:?}");
    assert!(shown.contains("the passwords differ"), "{shown:?}");
    assert_eq!(count(&db, "users").await, 0);
}

async fn a_deletion_is_confirmed(db: TestDatabase) {
    succeeds_with(&db, &["create", ADA], PASSWORD).await;
    for (answer, status, left) in [("", 1, 1), ("n", 1, 1), ("y", 0, 0)] {
        let mut terminal = Terminal::start(&db, &["delete", ADA]);
        terminal.wait_for("for good? [y/N] ");
        terminal.enter(answer);
        let (exit, shown) = terminal.finish().await;
        assert_eq!((exit, count(&db, "users").await), (Some(status), left), "{shown:?}");
        assert!(shown.starts_with("Delete ada@example.com ("), "{shown:?}");
    }
}
