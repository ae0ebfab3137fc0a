//! Appearance and headers of e-mails.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use database::{on_both_engines, testing::TestDatabase};
use mail_parser::{Address, MessageParser, MimeHeaders as _};
use serde_json::json;

use super::{RESET, SEND, all_confirmations, ask_for_reset, named, one_of_each_kind, reset_mail};
use crate::{
    app::{Answering as _, BASE_URL, START_SHOWN, TestApp},
    mailbox::{Mail, eventually, mail_files},
};

on_both_engines!(auth_service::MIGRATIONS;
    a_mail_has_text_and_html_parts_with_the_same_content,
    a_mail_contains_no_text_that_the_requester_could_choose,
    every_address_accepted_at_sign_up_can_receive_mail,
    links_use_the_configured_url_and_ignore_request_headers,
    a_mail_is_a_file_that_only_its_owner_reads,
);

/// Returns the link in the HTML part.
fn html_link(mail: &Mail) -> String {
    let (_, link) = mail.html.split_once("<a href=\"").expect("a link");
    let (link, _) = link.split_once('"').unwrap();
    unescaped(link)
}

fn unescaped(html: &str) -> String {
    html.replace("&#x2f;", "/").replace("&amp;", "&")
}

async fn a_mail_has_text_and_html_parts_with_the_same_content(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        all_confirmations(config);
        config.mail.mail_from = "The Tasks <no-reply@auth.example.com>".parse().unwrap();
    })
    .await;

    let mut ids = Vec::new();
    for (mail, valid_for) in one_of_each_kind(&app).await {
        let message = MessageParser::default().parse(mail.source.as_bytes()).unwrap();
        let from = message.from().and_then(Address::first).unwrap();
        assert_eq!(from.name(), Some("The Tasks"));
        assert_eq!(from.address(), Some("no-reply@auth.example.com"));
        assert_eq!(message.to().map(|to| to.iter().count()), Some(1));
        assert!((message.cc().is_none(), message.bcc().is_none()) == (true, true));
        let date = message.date().unwrap().to_timestamp();
        let start: chrono::DateTime<chrono::Utc> = START_SHOWN.parse().unwrap();
        assert_eq!(date, start.timestamp());
        let id = message.message_id().unwrap().to_owned();
        assert!(id.ends_with("@auth.example.com") && !ids.contains(&id), "{id} {ids:?}");
        ids.push(id);
        assert!(!mail.subject.is_empty() && mail.subject.len() < 70, "{mail:?}");
        assert!(message.is_content_type("multipart", "alternative"));
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1));

        let link = mail.link();
        assert_eq!(html_link(&mail), link);
        for part in [&mail.text, &unescaped(&mail.html)] {
            assert!(part.contains("ada@example.com"), "{mail:?}");
            assert!(part.contains(&format!("valid for {valid_for}.")), "{mail:?}");
            assert!(part.contains(BASE_URL), "{mail:?}");
            assert!(!part.contains("{{") && !part.contains("Subject:"), "{mail:?}");
        }
        let names_both = mail.text.contains("new@example.com");
        assert_eq!(names_both, mail.kind.contains("change-email"), "{mail:?}");
        assert!(mail.html.starts_with("<!doctype html>"), "{mail:?}");
        let lines = mail.source.split("\r\n");
        assert!(lines.clone().all(|line| line.len() < 998 && line.is_ascii()), "{}", mail.source);
        assert!(lines.count() > 10, "{}", mail.source);
    }
}

async fn a_mail_contains_no_text_that_the_requester_could_choose(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, all_confirmations).await;
    // Somebody signs up with an address that belongs to another person.
    named(&app, "ada@example.com", "You won, see https://evil.example/prize").await;

    let mail = reset_mail(&app, "ada@example.com").await;

    for part in [&mail.subject, &mail.text, &mail.html, &mail.source] {
        assert!(!part.contains("evil.example") && !part.contains("You won"), "{mail:?}");
    }
}

async fn every_address_accepted_at_sign_up_can_receive_mail(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    for email in ["o'neil_x+tag-1.y@sub.ex-ample.co", "1@2.com", "_@a1.museum", "-a-@b-c.example"] {
        app.sign_up(email).await;
        assert_eq!(reset_mail(&app, email).await.to, email);
    }
}

async fn links_use_the_configured_url_and_ignore_request_headers(db: TestDatabase) {
    let hostile = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/"),
    ];
    for (i, site) in [BASE_URL, "https://auth.example.com"].into_iter().enumerate() {
        let app =
            TestApp::spawn_with(&db, |config| config.better_auth_url = site.parse().unwrap()).await;
        let email = format!("ada{i}@example.com");
        app.sign_up(&email).await;

        for path in [RESET, SEND] {
            let mut request = app.post(path).json(&json!({ "email": email }));
            for (name, value) in hostile {
                request = request.header(name, value);
            }
            assert_eq!(request.answer().await.status, 200);
        }

        for kind in ["reset-password", "verify-email"] {
            let mail = app.mail_to(&email, kind).await;
            assert!(mail.link().starts_with(&format!("{site}/api/auth/")), "{mail:?}");
            assert!(!mail.source.contains("evil"), "{mail:?}");
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

async fn a_mail_is_a_file_that_only_its_owner_reads(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    let folder = app.mail_dir.path();
    fs::remove_dir(folder).unwrap();

    ask_for_reset(&app, "ada@example.com").await;

    let file = eventually("a mail", async || mail_files(folder).pop()).await;
    assert_eq!((mode(&file), mode(folder)), (0o600, 0o700));
    let name = file.file_stem().unwrap().to_str().unwrap();
    let (id, kind) = name.split_at(36);
    assert_eq!(kind, "-reset-password");
    uuid::Uuid::parse_str(id).unwrap();
    let others = fs::read_dir(folder).unwrap().count();
    assert_eq!(others, 1, "no draft is left");
}
