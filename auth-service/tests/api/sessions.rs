//! `GET /api/auth/get-session` and `POST /api/auth/sign-out`: the session and its cookies.

use auth_service::config::Config;
use serde_json::json;
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::app::{
    Answering as _, BASE_URL, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_OUT, START_SHOWN, SignedIn,
    TOKEN, TestApp, is_nobody, members, shown, with_bearer, with_cookie,
};

on_both_engines!(auth_service::MIGRATIONS;
    without_a_session_the_answer_is_null,
    a_session_is_shown_with_its_user_and_a_token_for_other_services,
    a_session_shows_where_it_came_from,
    a_change_of_the_user_is_seen_at_once,
    a_cookie_without_our_signature_is_no_session_and_is_left_alone,
    a_well_signed_cookie_of_a_session_that_is_no_more_is_cleared,
    a_cookie_may_be_quoted_or_unencoded_and_the_first_of_its_name_counts,
    on_https_only_cookies_with_the_secure_prefix_count,
    cookies_can_be_made_secure_on_http,
    a_left_over_of_the_cookie_cache_is_cleared,
    get_session_is_not_a_post,
    signing_out_ends_the_cookie_and_the_bearer_token_but_no_other_session,
    signing_out_without_a_session_is_fine,
);

async fn without_a_session_the_answer_is_null(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let answer = app.get(GET_SESSION).answer().await;
    is_nobody(&answer, &[]);
    assert_eq!(answer.header("content-type"), Some("application/json"));

    let answer = app.get(TOKEN).answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert!(answer.cookies().is_empty());
}

async fn a_session_is_shown_with_its_user_and_a_token_for_other_services(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.advance(60);

    let answer = app.get_session(&ada.cookie).await;

    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-jwt"));
    assert_eq!(answer.header("set-auth-jwt").unwrap().split('.').count(), 3);
    assert!(answer.cookies().is_empty(), "young sessions get no cookie");
    let body = answer.json();
    assert_eq!(members(&body), ["session", "user"]);
    assert_eq!(body["user"], ada.user);
    assert_eq!(
        body["session"],
        json!({
            "id": body["session"]["id"].as_str().unwrap(),
            "token": ada.token,
            "userId": ada.user["id"],
            "expiresAt": shown(7 * DAY),
            "createdAt": START_SHOWN,
            "updatedAt": START_SHOWN,
            "ipAddress": "",
            "userAgent": "",
        })
    );
}

async fn a_session_shows_where_it_came_from(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    app.sign_up("ada@example.com").await;

    for (forwarded, shown) in [
        (&["192.0.2.7"][..], "192.0.2.7"),
        (&["::ffff:192.0.2.7"], "192.0.2.7"),
        (&["2001:db8:1:2:3:4:5:6"], "2001:0db8:0001:0002:0000:0000:0000:0000"),
        (&["192.0.2.7, 198.51.100.1"], ""),
        (&["192.0.2.7", "198.51.100.1"], ""),
        (&["<script>"], ""),
        (&[], ""),
    ] {
        let mut request = app
            .sign_in_request("ada@example.com", PASSWORD)
            .header("user-agent", "Mozilla/5.0 (example)");
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let signed_in = request.answer().await.signed_in();
        let session = app.get_session(&signed_in.cookie).await.json()["session"].take();
        assert_eq!(session["ipAddress"], shown, "{forwarded:?}");
        assert_eq!(session["userAgent"], "Mozilla/5.0 (example)");
    }

    let unknown = app.sign_in("ada@example.com").await;
    let session = app.get_session(&unknown.cookie).await.json()["session"].take();
    assert_eq!((&session["ipAddress"], &session["userAgent"]), (&json!(""), &json!("")));

    let long_and_odd = [b"x".repeat(5000).as_slice(), b"\xff\xfe"].concat();
    for user_agent in [long_and_odd.as_slice(), b"\xff", "ünï".as_bytes()] {
        let request = app.sign_in_request("ada@example.com", PASSWORD);
        request.header("user-agent", user_agent).answer().await.signed_in();
    }
}

async fn a_change_of_the_user_is_seen_at_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    db.change("UPDATE users SET name = 'Countess'").await;

    assert_eq!(app.get_session(&ada.cookie).await.json()["user"]["name"], "Countess");
}

async fn a_cookie_without_our_signature_is_no_session_and_is_left_alone(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let signature =
        |signed_in: &SignedIn| signed_in.signed_token.rsplit_once('.').unwrap().1.to_owned();
    let (token, own, foreign) = (&ada.token, signature(&ada), signature(&eve));
    let bits_flipped = if own.starts_with('A') { "B" } else { "A" }.to_owned() + &own[1..];

    for value in [
        String::new(),
        token.clone(),
        format!("{token}."),
        format!(".{own}"),
        format!("{token}.{foreign}"),
        format!("{token}.{bits_flipped}"),
        format!("{token}.{}", own.trim_end_matches('=')),
        format!("{token}.{}", own.to_lowercase()),
        format!("{token}.{own}="),
        format!("{token}..{own}"),
        format!("{token}%00.{own}"),
        format!("{token}.{}", "A".repeat(43) + "="),
        "%ff%fe".to_owned(),
        "%".to_owned(),
    ] {
        let cookie = format!("better-auth.session_token={value}");
        is_nobody(&with_cookie(&app, GET_SESSION, &cookie).await, &[]);
        let answer = with_cookie(&app, TOKEN, &cookie).await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
        assert!(answer.cookies().is_empty(), "{value}");
    }
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}

async fn a_well_signed_cookie_of_a_session_that_is_no_more_is_cleared(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    db.change("DELETE FROM sessions").await;
    // The contract's own test vector, which the tests' secret signed, and the signed marker.
    let unknown = "better-auth.session_token=ExampleSessionToken0123456789ABC.\
                   mD61K9apYmY%2B5%2BUbYzZhr7IrajLjjJ6lqee2PxaC5XU%3D";
    let marker = "better-auth.session_token=true.DHIbT8IgXS9LEUp5%2FKmEY8isx2df8teMB05Fceh1j2E%3D";

    for cookie in [ada.cookie.as_str(), unknown, marker] {
        is_nobody(&with_cookie(&app, GET_SESSION, cookie).await, &CLEARED);
        let answer = with_cookie(&app, TOKEN, cookie).await;
        answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
        assert_eq!(answer.cookies(), CLEARED);
    }
}

async fn a_cookie_may_be_quoted_or_unencoded_and_the_first_of_its_name_counts(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (cookie, signed) = (&ada.cookie, &ada.signed_token);

    for cookie in [
        format!("better-auth.session_token={signed}"),
        format!("better-auth.session_token=\"{signed}\""),
        format!("a=b;{cookie};c"),
        format!("a=b; {cookie}; better-auth.session_token=x"),
        format!("xbetter-auth.session_token=y; better-auth.session_tokenx=y; {cookie}"),
    ] {
        assert_eq!(app.get_session(&cookie).await.json()["user"], ada.user, "{cookie}");
    }
    // Other people's cookies may hold any bytes.
    let bytes = [b"theme=\xe9\xff; ".as_slice(), cookie.as_bytes()].concat();
    let answer = app.get(GET_SESSION).header("cookie", bytes).answer().await;
    assert_eq!(answer.json()["user"], ada.user);
    let second = format!("better-auth.session_token=x; {cookie}");
    is_nobody(&app.get_session(&second).await, &[]);
    let elsewhere = cookie.replace("better-auth.", "Better-Auth.");
    is_nobody(&app.get_session(&elsewhere).await, &[]);
}

async fn on_https_only_cookies_with_the_secure_prefix_count(db: TestDatabase) {
    only_secure_cookies_count(&db, |config| {
        config.better_auth_url = "https://auth.example.com".parse().unwrap();
    })
    .await;
}

async fn cookies_can_be_made_secure_on_http(db: TestDatabase) {
    only_secure_cookies_count(&db, |config| config.secure_cookies = true).await;
}

async fn only_secure_cookies_count(db: &TestDatabase, change: impl FnOnce(&mut Config)) {
    let app = TestApp::spawn_with(db, change).await;

    let answer = app.sign_up_request("ada@example.com").answer().await;

    let [cookie] = answer.cookies()[..] else { panic!("{:?}", answer.cookies()) };
    assert!(cookie.starts_with("__Secure-better-auth.session_token="), "{cookie}");
    assert!(
        cookie.ends_with("; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=Lax"),
        "{cookie}"
    );
    let ada = answer.signed_in();
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
    let unprefixed = ada.cookie.replace("__Secure-", "");
    is_nobody(&app.get_session(&unprefixed).await, &[]);
    db.change("DELETE FROM sessions").await;
    let cleared = CLEARED
        .map(|line| format!("__Secure-{}", line.replace("; SameSite", "; Secure; SameSite")));
    is_nobody(&app.get_session(&ada.cookie).await, &cleared.each_ref().map(String::as_str));
}

async fn a_left_over_of_the_cookie_cache_is_cleared(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let left_over = "better-auth.session_data=abc";

    let answer = app.get_session(&format!("{}; {left_over}", ada.cookie)).await;
    assert_eq!(answer.json()["user"], ada.user);
    assert_eq!(answer.cookies(), [CLEARED[1]]);

    is_nobody(&app.get_session(left_over).await, &[CLEARED[1]]);
}

async fn get_session_is_not_a_post(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;

    let answer = app.post(GET_SESSION).json(&json!({})).answer().await;

    answer.is_error(
        405,
        "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED",
        "POST method requires deferSessionRefresh to be enabled in session config",
    );
    let foreign = app.post(GET_SESSION).header("cookie", "a=b").json(&json!({}));
    let answer = foreign.header("origin", "https://evil.example").answer().await;
    answer.is_error(403, "INVALID_ORIGIN", "Invalid origin");
}

async fn signing_out_ends_the_cookie_and_the_bearer_token_but_no_other_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let other = app.sign_up("ada@example.com").await;

    let by_cookie = app.sign_in("ada@example.com").await;
    let request = app.post(SIGN_OUT).json(&json!({}));
    let request = request.header("cookie", &by_cookie.cookie).header("origin", BASE_URL);
    let cookie_answer = request.answer().await;
    let by_bearer = app.sign_in("ada@example.com").await;
    let bearer_answer = app.post(SIGN_OUT).bearer_auth(&by_bearer.token).answer().await;

    for answer in [cookie_answer, bearer_answer] {
        answer.is_ok(&json!({ "success": true }));
        assert_eq!(answer.cookies(), CLEARED);
    }
    for ended in [by_cookie, by_bearer] {
        is_nobody(&app.get_session(&ended.cookie).await, &CLEARED);
        is_nobody(&with_bearer(&app, GET_SESSION, &ended.token).await, &CLEARED);
        assert_eq!(with_bearer(&app, TOKEN, &ended.signed_token).await.status, 401);
    }
    assert_eq!(app.get_session(&other.cookie).await.json()["user"], other.user);
}

async fn signing_out_without_a_session_is_fine(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let unsigned = format!("better-auth.session_token={}", ada.token);

    for request in [
        app.post(SIGN_OUT),
        app.post(SIGN_OUT).json(&json!({})),
        app.post(SIGN_OUT).json(&json!({ "callbackURL": "/", "disableRedirect": true })),
        app.post(SIGN_OUT).header("cookie", unsigned).header("origin", BASE_URL),
    ] {
        let answer = request.answer().await;
        answer.is_ok(&json!({ "success": true }));
        assert_eq!(answer.cookies(), CLEARED);
    }
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}
