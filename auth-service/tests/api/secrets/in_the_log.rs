//! The log contains no secrets.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use database::{on_both_engines, testing::TestDatabase};
use serde_json::{Value, json};

use super::{Service, hex, process};
use crate::{
    app::{
        Answering as _, BASE_URL, FRONT_END, Form as _, PASSWORD, SECRET, SIGN_IN, SIGN_UP, TOKEN,
    },
    clients,
    mailbox::mail_in,
};

on_both_engines!(auth_service::MIGRATIONS;
    the_log_contains_no_secret,
    the_log_identifies_a_mail_without_its_content,
    the_log_gives_the_reason_for_refusing_a_client_but_no_credential,
);

async fn the_log_contains_no_secret(db: TestDatabase) {
    let service = Service::start(&db, &[("FRONTEND_URL", FRONT_END)]).await;
    let mut secrets = vec![PASSWORD.to_owned(), "wrong horse 42".to_owned(), SECRET.to_owned()];

    for (path, password) in [
        (SIGN_UP, PASSWORD),
        (SIGN_UP, PASSWORD),
        (SIGN_IN, PASSWORD),
        (SIGN_IN, "wrong horse 42"),
        (SIGN_UP, "short"),
    ] {
        let body = json!({ "name": "Ada", "email": "ada@example.com", "password": password });
        let answer = service.post(path).json(&body).answer().await;
        if answer.status == 200 {
            let ada = answer.signed_in();
            let jwt = service.get(TOKEN).bearer_auth(&ada.token).answer().await;
            secrets.push(jwt.json()["token"].as_str().unwrap().to_owned());
            secrets.push(hex(ada.token.as_bytes()));
            secrets.push(ada.signed_token.rsplit_once('.').unwrap().1.to_owned());
            secrets.push(ada.token);
        }
    }
    let malformed = service.post(SIGN_UP).header("content-type", "application/json");
    malformed.body(format!("{{\"password\":\"{PASSWORD}\"")).answer().await;
    service.get(&format!("/unknown/{PASSWORD}?token={PASSWORD}")).answer().await;
    let log = service.log().await;

    assert!(log.contains("POST /api/auth/sign-up/email 200"), "there is a log: {log}");
    secrets.push("bcrypt-sha256".to_owned());
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in the log");
    }
}

async fn the_log_identifies_a_mail_without_its_content(db: TestDatabase) {
    let mails = tempfile::tempdir().unwrap();
    let folder = mails.path().to_str().unwrap();
    let variables = [("MAIL_DIR", folder), ("CONFIRM_DELETE_USER", "on"), ("RATE_LIMIT", "off")];
    let service = Service::start(&db, &variables).await;
    let email = "ada@example.com";
    let body = json!({ "name": "Ada", "email": email, "password": PASSWORD });
    let ada = service.post(SIGN_UP).json(&body).answer().await.signed_in();
    let mut secrets = vec![email.to_owned(), "callbackURL".to_owned(), "/come-back".to_owned()];

    for (path, kind) in [
        ("/api/auth/request-password-reset", "reset-password"),
        ("/api/auth/send-verification-email", "verify-email"),
        ("/api/auth/delete-user", "delete-user"),
    ] {
        let body = json!({
            "email": email, "callbackURL": "/come-back", "redirectTo": "/come-back",
        });
        let answer = service.post(path).bearer_auth(&ada.token).json(&body).answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let mail = mail_in(mails.path(), email, kind).await;
        let link = mail.link().strip_prefix(BASE_URL).unwrap();
        service.get(link).answer().await;
        let again = json!({ "token": mail.token(), "newPassword": PASSWORD });
        service.post("/api/auth/reset-password").json(&again).answer().await;
        secrets.push(mail.token().to_owned());
    }
    service.get(TOKEN).bearer_auth(&ada.token).answer().await;
    let revoke = json!({ "token": ada.token });
    service.post("/api/auth/revoke-session").bearer_auth(&ada.token).json(&revoke).answer().await;
    secrets.push(ada.token);
    let log = service.log().await;

    for kind in ["reset-password", "verify-email", "delete-user"] {
        let named = log
            .split(folder)
            .any(|rest| rest.split_once(".eml").is_some_and(|(name, _)| name.ends_with(kind)));
        assert!(named, "the file of {kind} is named: {log}");
    }
    for secret in secrets {
        assert!(!log.contains(&secret), "{secret} is in {log}");
    }
}

async fn the_log_gives_the_reason_for_refusing_a_client_but_no_credential(db: TestDatabase) {
    let service = Service::start(&db, &[]).await;
    let create = ["clients", "create", "nightly", "--json"];
    let output = process(&db.url(), &[]).args(create).output().await.unwrap();
    let client: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [id, secret] = ["id", "secret"].map(|name| client[name].as_str().unwrap());
    let grant = ("grant_type", "client_credentials");
    let (assertion, wrong) = ("the.wrong.assertion", "a wrong secret");

    let request = service.post(clients::TOKEN).basic_auth(id, Some(secret)).form(&[grant]);
    let token = request.answer().await.json()["access_token"].as_str().unwrap().to_owned();
    let in_body = [grant, ("client_id", id), ("client_secret", wrong)];
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let signed = [grant, ("client_assertion_type", kind), ("client_assertion", assertion)];
    for form in [&in_body[..], &signed] {
        assert_eq!(service.post(clients::TOKEN).form(form).answer().await.status, 401);
    }
    let log = service.log().await;

    for reason in ["wrong secret", "malformed assertion"] {
        assert!(log.contains(&format!("client authentication failed: {reason}")), "{log}");
    }
    let basic = BASE64_STANDARD.encode(format!("{id}:{secret}"));
    for secret in [secret, &*basic, wrong, assertion, &*token] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
