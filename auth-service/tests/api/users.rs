//! Operations on users: by the users themselves (update-user, list-accounts, delete-user), and by
//! operators.

mod bans;
mod commands;
mod delete;
mod terminal;
mod update;

use serde_json::Value;

use crate::app::{GET_SESSION, SignedIn, TestApp, with_bearer};

const ADA: &str = "ada@example.com";
const UPDATE: &str = "/api/auth/update-user";
const ACCOUNTS: &str = "/api/auth/list-accounts";
const DELETE: &str = "/api/auth/delete-user";

async fn user_of(app: &TestApp, who: &SignedIn) -> Value {
    with_bearer(app, GET_SESSION, &who.token).await.json()["user"].take()
}
