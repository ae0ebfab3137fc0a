//! The output of `auth-service clients`, and its entries in the audit log.

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{json_of, run};
use crate::{
    app::{TestApp, members, values},
    secrets::process,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_secret_is_shown_once_and_stored_as_a_hash,
    clients_are_listed,
    invalid_arguments_are_refused,
    a_deletion_must_be_confirmed,
    changes_are_recorded,
);

async fn a_secret_is_shown_once_and_stored_as_a_hash(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    let (status, output, log) = run(&db, &["create", "nightly"]).await;
    assert_eq!(status, Some(0), "{log}");
    let [line, id, secret] = output.lines().collect::<Vec<_>>()[..] else { panic!("{output}") };
    let id = id.strip_prefix("client_id:     ").unwrap();
    let secret = secret.strip_prefix("client_secret: ").unwrap();
    assert_eq!(line, format!("created: nightly ({id})"));
    assert!(secret.len() == 48 && secret.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    assert!(!log.contains(secret), "{log}");

    let listed = json_of(&db, &["list"]).await.remove(0);
    assert_eq!((&listed["credential"], &listed["secret"]), (&json!("secret"), &Value::Null));
    let stored = "SELECT credential AS value FROM oauth_clients";
    let hash = BASE64_URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, secret.as_bytes()));
    assert_eq!(values(&db, stored).await, [format!("sha256:{hash}")]);
}

async fn clients_are_listed(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    assert_eq!(json_of(&db, &["list"]).await, Vec::<Value>::new());
    let options = ["--scope", "a,b,a", "--audience", "https://a.test"];
    let first = json_of(&db, &[&["create", "first"], &options[..]].concat()).await.remove(0);
    let second = json_of(&db, &["create", "second"]).await.remove(0);
    json_of(&db, &["disable", second["id"].as_str().unwrap()]).await;

    let listed = json_of(&db, &["list"]).await;
    assert_eq!([&listed[0]["name"], &listed[1]["name"]], ["first", "second"]);
    assert_eq!(
        members(&listed[0]),
        [
            "audiences",
            "createdAt",
            "credential",
            "id",
            "isActive",
            "lastUsedAt",
            "name",
            "oldCredentialExpiresAt",
            "scopes"
        ]
    );
    assert_eq!(listed[0]["id"], first["id"]);
    assert_eq!(listed[0]["scopes"], json!(["a", "b"]));
    assert_eq!(listed[0]["audiences"], json!(["https://a.test"]));
    let (_, table, _) = run(&db, &["list"]).await;
    let lines: Vec<_> = table.lines().collect();
    assert!(lines[0].starts_with("ID ") && lines[0].ends_with("NAME"), "{table}");
    assert!(lines[1].contains("  active  ") && lines[1].ends_with("  a b     first"), "{table}");
    assert!(lines[2].contains("  disabled  ") && lines[2].ends_with("  -       second"), "{table}");
}

async fn invalid_arguments_are_refused(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    for arguments in [
        &["create"][..],
        &["create", " "],
        &["create", "a", "--scope", "two words"],
        &["create", "a", "--scope", "\""],
        &["create", "a", "--audience", "two words"],
        &["create", "a", "--audience", "\u{7}"],
        &["create", "a", "--audience", "https://a.test#fragment"],
        &["rotate", "a", "--overlap", "soon"],
    ] {
        assert_eq!(run(&db, arguments).await.0, Some(2), "{arguments:?}");
    }
    let too_long = format!("https://{}", "a".repeat(2000));
    let (status, _, log) = run(&db, &["create", "a", "--audience", &too_long]).await;
    assert_eq!(status, Some(1));
    assert!(log.contains("all audiences together are longer than 2000 characters"), "{log}");
    for arguments in [&["rotate"][..], &["disable"], &["enable"], &["delete", "--yes"]] {
        let (status, _, log) = run(&db, &[arguments, &["unknown"]].concat()).await;
        assert_eq!(status, Some(1));
        assert!(
            log.contains(r#"no client has the id \"unknown\""#)
                || log.contains(r#"no client has the id "unknown""#),
            "{log}"
        );
    }
    assert_eq!(json_of(&db, &["list"]).await, Vec::<Value>::new());
}

async fn a_deletion_must_be_confirmed(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    let client = json_of(&db, &["create", "nightly"]).await.remove(0);
    let id = client["id"].as_str().unwrap();
    let (status, _, log) = run(&db, &["delete", id]).await;
    assert_eq!(status, Some(2));
    assert!(log.contains("--yes"), "{log}");
    assert_eq!(json_of(&db, &["list"]).await.len(), 1);
    assert_eq!(json_of(&db, &["delete", id, "--yes"]).await.remove(0)["id"], id);
    assert_eq!(json_of(&db, &["list"]).await.len(), 0);
}

async fn changes_are_recorded(db: TestDatabase) {
    let _app = TestApp::spawn(&db).await;
    let client = json_of(&db, &["create", "nightly"]).await.remove(0);
    let id = client["id"].as_str().unwrap();
    for arguments in
        [&["rotate"][..], &["disable"], &["disable"], &["enable"], &["delete", "--yes"]]
    {
        json_of(&db, &[arguments, &[id]].concat()).await;
    }

    let output = process(&db.url(), &[]).args(["audit", "--json"]).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut actions = Vec::new();
    for entry in entries {
        assert_eq!((&entry["actor"], &entry["detail"]), (&json!("operator"), &json!(id)));
        actions.push(entry["action"].as_str().unwrap().to_owned());
    }
    actions.reverse();
    let expected =
        ["create-client", "rotate-client", "disable-client", "enable-client", "delete-client"];
    assert_eq!(actions, expected);
}
