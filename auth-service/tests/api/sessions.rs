//! `GET /api/auth/get-session` and `POST /api/auth/sign-out`: sessions and their cookies.

use auth_service::config::Config;
use database::{on_both_engines, testing::TestDatabase};
use serde_json::json;

use crate::app::{
    Answering as _, BASE_URL, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_OUT, START_SHOWN, SignedIn,
    TOKEN, TestApp, count, is_nobody, members, shown, with_bearer, with_cookie,
};

on_both_engines!(auth_service::MIGRATIONS;
    of_several_cookies_of_one_name_a_valid_one_is_used,
    cookies_of_the_old_domain_are_cleared,
    a_cookie_has_the_name_and_attributes_that_are_configured,
    stale_pieces_of_a_cookie_cache_are_cleared_some_at_a_time,
    without_a_session_the_response_is_null,
    a_session_is_shown_with_its_user_and_a_token_for_other_services,
    a_session_contains_the_address_of_its_client,
    a_change_of_the_user_is_seen_at_once,
    a_cookie_with_a_foreign_signature_is_ignored_and_not_cleared,
    a_correctly_signed_cookie_of_an_ended_session_is_cleared,
    a_cookie_may_be_quoted_or_unencoded_at_any_position,
    on_https_only_cookies_with_the_secure_prefix_count,
    cookies_can_be_made_secure_on_http,
    a_stale_cookie_of_the_session_cache_is_cleared,
    get_session_refuses_post,
    signing_out_ends_the_cookie_and_the_bearer_token_but_no_other_session,
    signing_out_without_a_session_succeeds,
);

async fn without_a_session_the_response_is_null(db: TestDatabase) {
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

async fn a_session_contains_the_address_of_its_client(db: TestDatabase) {
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

async fn a_cookie_with_a_foreign_signature_is_ignored_and_not_cleared(db: TestDatabase) {
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

async fn a_correctly_signed_cookie_of_an_ended_session_is_cleared(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    db.change("DELETE FROM sessions").await;
    // A token signed by Better Auth with the tests' secret, and the signed value of the
    // `dont_remember` cookie.
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

async fn a_cookie_may_be_quoted_or_unencoded_at_any_position(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let (cookie, signed) = (&ada.cookie, &ada.signed_token);

    for cookie in [
        format!("better-auth.session_token={signed}"),
        format!("better-auth.session_token=\"{signed}\""),
        format!("a=b;{cookie};c"),
        format!("a=b; {cookie}; better-auth.session_token=x"),
        format!("better-auth.session_token=x; {cookie}"),
        format!("xbetter-auth.session_token=y; better-auth.session_tokenx=y; {cookie}"),
    ] {
        assert_eq!(app.get_session(&cookie).await.json()["user"], ada.user, "{cookie}");
    }
    // Cookies of other applications may contain any bytes.
    let bytes = [b"theme=\xe9\xff; ".as_slice(), cookie.as_bytes()].concat();
    let answer = app.get(GET_SESSION).header("cookie", bytes).answer().await;
    assert_eq!(answer.json()["user"], ada.user);
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

async fn a_stale_cookie_of_the_session_cache_is_cleared(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let left_over = "better-auth.session_data=abc";

    let answer = app.get_session(&format!("{}; {left_over}", ada.cookie)).await;
    assert_eq!(answer.json()["user"], ada.user);
    assert_eq!(answer.cookies(), [CLEARED[1]]);

    is_nobody(&app.get_session(left_over).await, &[CLEARED[1]]);
}

async fn get_session_refuses_post(db: TestDatabase) {
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

async fn signing_out_without_a_session_succeeds(db: TestDatabase) {
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

async fn of_several_cookies_of_one_name_a_valid_one_is_used(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ended = app.sign_up("ada@example.com").await;
    app.post(SIGN_OUT).bearer_auth(&ended.token).answer().await.json();
    let ada = app.sign_in("ada@example.com").await;

    for cookie in [
        format!("{}; {}", ended.cookie, ada.cookie),
        format!("{}; {}", ada.cookie, ended.cookie),
        format!("better-auth.session_token=x; {}; {}", ended.cookie, ada.cookie),
    ] {
        let answer = app.get_session(&cookie).await;
        assert_eq!(answer.json()["user"], ada.user, "{cookie}");
        assert!(answer.cookies().is_empty(), "{answer:?}");
    }
    let both = format!("{}; {}", ended.cookie, ended.cookie);
    is_nobody(&app.get_session(&both).await, &CLEARED);

    // Signing out ends all sessions of the presented cookies.
    let other = app.sign_in("ada@example.com").await;
    let both = format!("{}; {}", ada.cookie, other.cookie);
    app.post_from_page(&both, SIGN_OUT, &json!({})).await.json();
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn cookies_of_the_old_domain_are_cleared(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.cookies.old_cookie_domain = Some("example.com".to_owned());
    })
    .await;
    let cleared = ["session_token", "session_data", "dont_remember"].map(|name| {
        let attributes = "Max-Age=0; Domain=example.com; Path=/; HttpOnly; SameSite=Lax";
        format!("better-auth.{name}=; {attributes}")
    });

    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    let cookies = sign_up.cookies();
    assert_eq!(cookies[..3], cleared);
    assert_eq!(cookies.len(), 4);
    let ada = sign_up.signed_in();
    // No cookie is cleared while the session is valid, because its cookie may be the one with the
    // old domain.
    assert!(app.get_session(&ada.cookie).await.cookies().is_empty());
    app.post(SIGN_OUT).bearer_auth(&ada.token).answer().await.json();
    let cookies = app.get_session(&ada.cookie).await;
    assert_eq!(cookies.cookies()[..3], cleared);
    assert_eq!(cookies.cookies()[3..], CLEARED);
}

async fn a_cookie_has_the_name_and_attributes_that_are_configured(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        "my-app".clone_into(&mut config.cookies.cookie_prefix);
        config.cookies.cookie_same_site = auth_service::config::SameSite::None;
        config.cookies.cookie_partitioned = true;
        config.secure_cookies = true;
    })
    .await;

    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    let cookie = &sign_up.cookies()[0];
    assert!(cookie.starts_with("__Secure-my-app.session_token="), "{cookie}");
    let attributes = "; Max-Age=604800; Path=/; HttpOnly; Secure; SameSite=None; Partitioned";
    assert!(cookie.ends_with(attributes), "{cookie}");
    let ada = cookie.split(';').next().unwrap();
    assert_eq!(app.get_session(ada).await.json()["user"]["email"], "ada@example.com");
    let others = ada.replace("my-app", "better-auth");
    is_nobody(&app.get_session(&others).await, &[]);

    let mut config = crate::app::config(&db.url);
    config.cookies.cookie_same_site = auth_service::config::SameSite::None;
    let error = TestApp::start(config).await.err().expect("browsers would refuse the cookies");
    assert!(error.to_string().starts_with("COOKIE_SAME_SITE=none needs"), "{error}");
}

async fn stale_pieces_of_a_cookie_cache_are_cleared_some_at_a_time(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let pieces: Vec<_> = (0..95).map(|n| format!("better-auth.session_data.{n}=x")).collect();

    let answer = app.get_session(&pieces.join("; ")).await;

    assert_eq!(answer.cookies().len(), 10);
    let empty = app.get_session("better-auth.session_data=; better-auth.session_data.0=").await;
    assert!(empty.cookies().is_empty(), "{empty:?}");
}
