//! `POST /api/auth/sign-up/email`.

use database::{on_both_engines, testing::TestDatabase};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::app::{
    Answering as _, BASE_URL, PASSWORD, SIGN_UP, START_SHOWN, TestApp, count, members, values,
};

on_both_engines!(auth_service::MIGRATIONS;
    a_new_user_is_signed_in_at_once,
    a_name_may_be_empty_and_an_image_is_kept,
    an_address_is_stored_and_shown_in_lower_case,
    a_taken_address_is_refused_in_any_letter_case,
    one_of_twenty_simultaneous_sign_ups_gets_the_address,
    a_lost_race_for_an_address_is_reported,
    lookalikes_of_an_address_are_refused,
    read_only_fields_are_ignored,
    a_password_is_8_to_128_utf16_units_long,
    an_invalid_sign_up_returns_every_error_and_stores_nothing,
    a_form_can_sign_up,
    a_user_who_is_not_remembered_gets_cookies_that_end_with_the_browser,
    a_clients_own_session_is_never_adopted,
    signing_up_can_be_switched_off,
);

async fn a_new_user_is_signed_in_at_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let answer = app.sign_up_request("ada@example.com").answer().await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let body = answer.json();
    assert_eq!(members(&body), ["token", "user"]);
    let id = body["user"]["id"].as_str().unwrap();
    assert!(!id.is_empty());
    assert_eq!(
        body["user"],
        json!({
            "id": id,
            "name": "Ada",
            "email": "ada@example.com",
            "emailVerified": false,
            "image": null,
            "createdAt": START_SHOWN,
            "updatedAt": START_SHOWN,
        })
    );
    let token = body["token"].as_str().unwrap();
    assert!(token.len() == 32 && token.chars().all(|c| c.is_ascii_alphanumeric()), "{token}");

    let signed = answer.header("set-auth-token").unwrap();
    let (unsigned, signature) = signed.rsplit_once('.').unwrap();
    assert_eq!(unsigned, token);
    assert!(signature.len() == 44 && signature.ends_with('='), "{signature}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));
    let encoded = utf8_percent_encode(signature, NON_ALPHANUMERIC);
    assert_eq!(
        answer.cookies(),
        [format!(
            "better-auth.session_token={token}.{encoded}; Max-Age=604800; Path=/; HttpOnly; \
             SameSite=Lax"
        )]
    );
}

async fn a_name_may_be_empty_and_an_image_is_kept(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let image = "data:image/png;base64,iVBORw0KGgo=";

    let body =
        json!({ "name": "", "email": "a@example.com", "password": PASSWORD, "image": image });
    let user = app.post(SIGN_UP).json(&body).answer().await.signed_in().user;

    assert_eq!((&user["name"], &user["image"]), (&json!(""), &json!(image)));
}

async fn an_address_is_stored_and_shown_in_lower_case(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let user = app.sign_up("Ada.Example@EXAMPLE.com").await.user;

    assert_eq!(user["email"], "ada.example@example.com");
    let stored = values(&db, "SELECT email AS value FROM users").await;
    assert_eq!(stored, ["ada.example@example.com"]);
}

async fn a_taken_address_is_refused_in_any_letter_case(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for email in ["ada@example.com", "ADA@Example.COM"] {
        let answer = app.sign_up_request(email).answer().await;

        let code = "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL";
        answer.is_error(422, code, "User already exists. Use another email.");
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(count(&db, "users").await, 1);
}

async fn one_of_twenty_simultaneous_sign_ups_gets_the_address(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let mut race = JoinSet::new();
    for i in 0..20 {
        let email = if i % 2 == 0 { "ada@example.com" } else { "Ada@Example.com" };
        race.spawn_local(app.sign_up_request(email).answer());
    }

    let (winners, losers): (Vec<_>, Vec<_>) =
        race.join_all().await.into_iter().partition(|answer| answer.status == 200);

    assert_eq!(winners.len(), 1);
    for loser in losers {
        match loser.json()["code"].as_str() {
            Some("FAILED_TO_CREATE_USER") => {
                loser.is_error(422, "FAILED_TO_CREATE_USER", "Failed to create user");
            }
            _ => loser.is_error(
                422,
                "USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL",
                "User already exists. Use another email.",
            ),
        }
    }
    for table in ["users", "accounts", "sessions"] {
        assert_eq!(count(&db, table).await, 1, "{table}");
    }
}

async fn a_lost_race_for_an_address_is_reported(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;
    // This index simulates a concurrent sign-up: the lookup finds no user, but the insertion fails.
    db.change("CREATE UNIQUE INDEX race ON users (email_verified)").await;

    let answer = app.sign_up_request("eve@example.com").answer().await;

    answer.is_error(422, "FAILED_TO_CREATE_USER", "Failed to create user");
    assert!(answer.cookies().is_empty());
    for table in ["users", "accounts", "sessions"] {
        assert_eq!(count(&db, table).await, 1, "{table}");
    }
}

async fn lookalikes_of_an_address_are_refused(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for twin in [
        " ada@example.com",
        "ada@example.com ",
        "ada@example.com\n",
        "ada@example.com\0",
        "аda@example.com",
        "ａda@example.com",
        "ada@example.com.",
        "\u{feff}ada@example.com",
    ] {
        let answer = app.sign_up_request(twin).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", "[body.email] Invalid email address");
    }
}

async fn read_only_fields_are_ignored(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let body = json!({
        "name": "Ada", "email": "ada@example.com", "password": PASSWORD,
        "id": "chosen", "emailVerified": true, "email_verified": true, "role": "admin",
        "createdAt": "2000-01-01T00:00:00.000Z", "updatedAt": 0,
        "token": "chosen", "userId": "chosen", "__proto__": { "role": "admin" },
    });
    let signed_in = app.post(SIGN_UP).json(&body).answer().await.signed_in();

    let user = signed_in.user;
    assert_ne!(user["id"], "chosen");
    assert_ne!(signed_in.token, "chosen");
    assert_eq!(user["emailVerified"], false);
    assert_eq!(user["createdAt"], START_SHOWN);
    assert_eq!(user["updatedAt"], START_SHOWN);
    assert_eq!(
        members(&user),
        ["createdAt", "email", "emailVerified", "id", "image", "name", "updatedAt"]
    );
    let stored = values(&db, "SELECT CAST(email_verified AS text) AS value FROM users").await;
    assert!(stored == ["false"] || stored == ["0"], "{stored:?}");
}

async fn a_password_is_8_to_128_utf16_units_long(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let sign_up = async |email: &str, password: &str| {
        let body = json!({ "name": "Ada", "email": email, "password": password });
        app.post(SIGN_UP).json(&body).answer().await
    };

    for password in ["1", "1234567", "🔑🔑🔑", "🔑🔑🔑1", "é234567"] {
        let answer = sign_up("ada@example.com", password).await;
        answer.is_error(400, "PASSWORD_TOO_SHORT", "Password too short");
    }
    for password in ["a".repeat(129), "🔑".repeat(64) + "1", "a".repeat(900_000)] {
        let answer = sign_up("ada@example.com", &password).await;
        answer.is_error(400, "PASSWORD_TOO_LONG", "Password too long");
    }
    for (i, password) in
        ["1234567x", "🔑🔑🔑🔑", "        ", &"a".repeat(128), &"🔑".repeat(64)].iter().enumerate()
    {
        sign_up(&format!("ada{i}@example.com"), password).await.signed_in();
    }
}

async fn an_invalid_sign_up_returns_every_error_and_stores_nothing(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let good = json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD });
    let but = |member: &str, value: Value| {
        let mut body = good.clone();
        body[member] = value;
        body
    };
    let expected = |member: &str, expected: &str, received: &str| {
        format!("[body.{member}] Invalid input: expected {expected}, received {received}")
    };

    let missing = ["name", "email", "password"].map(|name| expected(name, "string", "undefined"));
    for (body, message) in [
        (json!({}), missing.join("; ")),
        (but("name", json!(1)), expected("name", "string", "number")),
        (but("name", json!(null)), expected("name", "string", "null")),
        (but("name", json!([])), expected("name", "string", "array")),
        (but("name", json!({})), expected("name", "string", "object")),
        (but("email", json!(true)), expected("email", "string", "boolean")),
        (but("email", json!("ada@localhost")), "[body.email] Invalid email address".into()),
        (but("email", json!("")), "[body.email] Invalid email address".into()),
        (
            but("password", json!("")),
            "[body.password] Too small: expected string to have >=1 characters".into(),
        ),
        (but("image", json!(null)), expected("image", "string", "null")),
        (but("rememberMe", json!("true")), expected("rememberMe", "boolean", "string")),
        (but("rememberMe", json!(null)), expected("rememberMe", "boolean", "null")),
        (
            json!({ "name": 1, "email": "x", "password": "", "image": 1, "rememberMe": 1 }),
            [
                expected("name", "string", "number"),
                "[body.email] Invalid email address".into(),
                "[body.password] Too small: expected string to have >=1 characters".into(),
                expected("image", "string", "number"),
                expected("rememberMe", "boolean", "number"),
            ]
            .join("; "),
        ),
    ] {
        let answer = app.post(SIGN_UP).json(&body).answer().await;
        answer.is_error(400, "VALIDATION_ERROR", &message);
        assert!(answer.cookies().is_empty());
    }
    assert_eq!(count(&db, "users").await, 0);
}

async fn a_form_can_sign_up(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let send = async |form: &'static str| {
        let request = app.post(SIGN_UP).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).answer().await
    };

    let answer = send("name=Ada+L%C3%B6we&email=ada%40example.com&password=correct+horse+42").await;

    assert_eq!(answer.signed_in().user["name"], "Ada Löwe");
    app.sign_in("ada@example.com").await;
    // All values of a form are strings, so `rememberMe` in a form is never valid.
    let answer = send("name=Bo&email=bo@example.com&password=12345678&rememberMe=true").await;
    answer.is_error(
        400,
        "VALIDATION_ERROR",
        "[body.rememberMe] Invalid input: expected boolean, received string",
    );
}

async fn a_user_who_is_not_remembered_gets_cookies_that_end_with_the_browser(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let body = json!({
        "name": "Ada", "email": "ada@example.com", "password": PASSWORD, "rememberMe": false,
    });
    let answer = app.post(SIGN_UP).json(&body).answer().await;

    let [session, marker] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(session.starts_with("better-auth.session_token="), "{session}");
    assert!(session.ends_with("%3D; Path=/; HttpOnly; SameSite=Lax"), "{session}");
    // Better Auth produces the same signed value from the same secret.
    assert_eq!(
        marker,
        "better-auth.dont_remember=true.DHIbT8IgXS9LEUp5%2FKmEY8isx2df8teMB05Fceh1j2E%3D; Path=/; \
         HttpOnly; SameSite=Lax"
    );
}

async fn a_clients_own_session_is_never_adopted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let attacker = app.sign_up("eve@example.com").await;

    let victim = app
        .sign_up_request("ada@example.com")
        .header("cookie", &attacker.cookie)
        .header("origin", BASE_URL)
        .bearer_auth(&attacker.token)
        .answer()
        .await
        .signed_in();

    assert_ne!(victim.token, attacker.token);
    let seen = app.get_session(&attacker.cookie).await.json();
    assert_eq!(seen["user"]["email"], "eve@example.com");
}

async fn signing_up_can_be_switched_off(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| config.features.sign_up = false).await;

    let answer = app.sign_up_request("ada@example.com").answer().await;

    let message = "Email and password sign up is not enabled";
    answer.is_error(400, "EMAIL_PASSWORD_SIGN_UP_DISABLED", message);
    assert_eq!(count(&db, "users").await, 0);
}
