//! A copy of the database reveals no secrets.

use std::{collections::HashSet, fs};

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{
    DatabaseUrl, on_both_engines,
    testing::{Engine, TestDatabase},
};
use ed25519_dalek::SigningKey;
use serde_json::json;

use super::hex;
use crate::app::{Answering as _, FRONT_END, JWKS, PASSWORD, SECRET, SIGN_UP, TestApp, values};

on_both_engines!(auth_service::MIGRATIONS;
    a_copied_database_grants_no_access,
    the_dump_contains_all_tables,
    a_mailed_token_is_stored_as_a_hash,
    attempts_reveal_neither_clients_nor_accounts,
    the_private_key_is_encrypted,
    no_response_contains_a_secret,
);

const TABLES: [&str; 14] = [
    "users",
    "accounts",
    "sessions",
    "signing_keys",
    "verification_tokens",
    "mails",
    "attempts",
    "sign_in_networks",
    "event_streams",
    "security_events",
    "audit_entries",
    "email_changes",
    "oauth_clients",
    "client_assertions",
];

/// Returns the contents of all tables as text, with binary columns in hexadecimal.
async fn dump(db: &TestDatabase) -> String {
    dump_of(db, &TABLES).await
}

async fn dump_of(db: &TestDatabase, tables: &[&str]) -> String {
    let mut dump = String::new();
    for table in tables {
        let statement = match db.engine {
            Engine::Postgres => format!("SELECT t::text AS value FROM {table} t"),
            Engine::Sqlite => {
                let names = db.columns(table).await;
                let quoted: Vec<_> = names
                    .iter()
                    .map(|column| column.split(' ').next().unwrap())
                    .map(|name| {
                        format!(
                            "CASE typeof({name}) WHEN 'blob' THEN lower(hex({name})) \
                             ELSE coalesce({name}, '') END"
                        )
                    })
                    .collect();
                format!("SELECT {} AS value FROM {table}", quoted.join(" || ' ' || "))
            }
        };
        dump += &values(db, &statement).await.join("\n");
    }
    dump
}

fn sha256(text: &str) -> Vec<u8> {
    digest::digest(&digest::SHA256, text.as_bytes()).as_ref().to_vec()
}

async fn a_copied_database_grants_no_access(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let jwt = app.token(&ada).await;

    let dump = dump(&db).await;

    assert!(dump.contains("ada@example.com"), "the dump is one: {dump}");
    assert!(dump.contains("$bcrypt-sha256$v=2,t=2b,r=4$"), "{dump}");
    for secret in [PASSWORD, SECRET, &ada.token, &ada.signed_token, &jwt] {
        assert!(!dump.contains(secret), "{secret} is in {dump}");
        assert!(!dump.contains(&hex(secret.as_bytes())), "{secret} is in {dump}");
    }
    if let DatabaseUrl::Sqlite(file) = &db.url {
        for entry in fs::read_dir(file.parent().unwrap()).unwrap() {
            let path = entry.unwrap().path();
            let content = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            assert!(
                !content.contains(&ada.token) && !content.contains(PASSWORD),
                "{}",
                path.display()
            );
        }
    }
}

async fn the_dump_contains_all_tables(db: TestDatabase) {
    let all = match db.engine {
        Engine::Postgres => "SELECT tablename AS value FROM pg_tables WHERE schemaname = 'public'",
        Engine::Sqlite => "SELECT name AS value FROM sqlite_master WHERE type = 'table'",
    };
    let all: HashSet<_> = values(&db, all).await.into_iter().collect();
    let ours = HashSet::from(["auth_service_migrations".to_owned()]);
    assert_eq!(all, &ours | &HashSet::from(TABLES.map(str::to_owned)));
}

async fn a_mailed_token_is_stored_as_a_hash(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.confirm_delete_user = true).await;
    let ada = app.sign_up("ada@example.com").await;
    let email = json!({ "email": "ada@example.com" });
    let mut tokens = Vec::new();
    for (path, kind) in [
        ("/api/auth/request-password-reset", "reset-password"),
        ("/api/auth/send-verification-email", "verify-email"),
        ("/api/auth/delete-user", "delete-user"),
    ] {
        assert_eq!(app.post_as(&ada, path, &email).await.status, 200);
        tokens.push(app.mail_to("ada@example.com", kind).await.token().to_owned());
    }
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    let dump = dump(&db).await;

    let stored = match db.engine {
        Engine::Postgres => "SELECT encode(token_hash, 'hex') AS value FROM verification_tokens",
        Engine::Sqlite => "SELECT lower(hex(token_hash)) AS value FROM verification_tokens",
    };
    let mut stored = values(&db, stored).await;
    stored.sort();
    let mut hashes = [&tokens[0], &tokens[2]].map(|token| hex(&sha256(token)));
    hashes.sort();
    assert_eq!(stored, hashes, "of a verification link nothing is stored");
    for token in tokens {
        assert!(!dump.contains(&token) && !dump.contains(&hex(token.as_bytes())), "{dump}");
    }
}

async fn attempts_reveal_neither_clients_nor_accounts(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.rate_limit = true).await;
    app.sign_in_request("ada@example.com", PASSWORD).answer().await;
    let email = json!({ "email": "ada@example.com" });
    app.post("/api/auth/request-password-reset").json(&email).answer().await;
    assert_eq!(app.other_mails(&db).await, [""; 0]);

    // The audit log is omitted, because it contains the client's address.
    let others: Vec<_> = TABLES.into_iter().filter(|table| *table != "audit_entries").collect();
    let dump = dump_of(&db, &others).await;

    for shown in ["ada@example.com", "127.0.0.1", PASSWORD, "sign-in"] {
        assert!(!dump.contains(shown) && !dump.contains(&hex(shown.as_bytes())), "{dump}");
    }
}

async fn the_private_key_is_encrypted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let x = app.get(JWKS).answer().await.json()["keys"][0]["x"].as_str().unwrap().to_owned();
    let public = BASE64_URL_SAFE_NO_PAD.decode(x).unwrap();

    let sealed = match db.engine {
        Engine::Postgres => "SELECT encode(sealed_private_key, 'hex') AS value FROM signing_keys",
        Engine::Sqlite => "SELECT lower(hex(sealed_private_key)) AS value FROM signing_keys",
    };
    let sealed = values(&db, sealed).await.remove(0);
    let sealed: Vec<u8> = (0..sealed.len() / 2)
        .map(|i| u8::from_str_radix(&sealed[2 * i..2 * i + 2], 16).unwrap())
        .collect();

    assert_eq!(sealed.len(), 12 + 32 + 16, "nonce, seed, tag");
    for window in sealed.windows(32) {
        let key = SigningKey::from_bytes(window.try_into().unwrap());
        assert_ne!(key.verifying_key().as_bytes().as_slice(), public, "the seed is there to read");
    }
}

async fn no_response_contains_a_secret(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let body = json!({ "name": 1, "email": "ada@example.com", "password": PASSWORD });

    for request in [
        app.sign_up_request("ada@example.com"),
        app.sign_up_request("bob@example.com"),
        app.sign_in_request("ada@example.com", PASSWORD),
        app.sign_in_request("ada", PASSWORD),
        app.post(SIGN_UP).json(&body),
        app.post(SIGN_UP).header("content-type", "application/json").body(PASSWORD),
        app.get(JWKS).bearer_auth(PASSWORD),
    ] {
        let answer = format!("{:?}", request.header("origin", FRONT_END).answer().await);
        for secret in [PASSWORD, SECRET, "bcrypt", "$2b$", "\"d\""] {
            assert!(!answer.contains(secret), "{answer}");
        }
    }
}
