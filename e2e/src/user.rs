//! A user of both services.

use serde_json::json;

use crate::{Client, System, client::PASSWORD};

/// A signed-up user, with a session and an access token.
#[derive(Debug)]
pub struct User {
    pub id: String,
    pub email: String,
    pub session: String,
    pub token: String,
}

impl User {
    pub fn sign_up(auth: &Client, email: &str) -> Self {
        let answer = auth.sign_up(email).expect("an answer");
        let id = answer.body.pointer("/user/id").and_then(|id| id.as_str()).expect("an id");
        let session = answer.text("token");
        let token = auth.token(&session).expect("an answer").text("token");
        Self { id: id.to_owned(), email: email.to_owned(), session, token }
    }

    pub fn sign_out(&self, auth: &Client) {
        let answer = auth.post("/api/auth/sign-out", Some(&self.session), &json!({}));
        assert_eq!(answer.expect("an answer").status, 200);
    }

    pub fn is_signed_in(&self, auth: &Client) -> bool {
        let answer = auth.get("/api/auth/get-session", &self.session).expect("an answer");
        assert_eq!(answer.status, 200);
        answer.body.is_object()
    }

    pub fn delete(&self, auth: &Client) {
        let body = json!({ "password": PASSWORD });
        let answer = auth.post("/api/auth/delete-user", Some(&self.session), &body);
        assert_eq!(answer.expect("an answer").text("message"), "User deleted");
    }

    /// Returns the status of task-service's response to the user's access token.
    pub fn status_at(&self, tasks: &Client) -> u16 {
        tasks.get("/api/tasks", &self.token).expect("an answer").status
    }

    pub fn add_task(&self, tasks: &Client) {
        let made = tasks.create_task_once(&self.token, "Buy milk", "a key");
        assert_eq!(made.expect("an answer").status, 201);
    }

    /// Returns whether the database of task-service contains the user's id.
    pub fn has_data(&self, system: &System) -> bool {
        let rows = system.tasks.command(&["export"]).output().expect("the service can be started");
        assert!(rows.status.success(), "{rows:?}");
        String::from_utf8_lossy(&rows.stdout).contains(&self.id)
    }
}
