//! `GET /api/auth/get-session`, `POST /api/auth/sign-out`, and what makes a session: cookies,
//! bearer tokens, time.

use serde_json::{Value, json};
use service_kit::{on_both_engines, testing::TestDatabase};

use crate::app::{
    Answer, BASE_URL, CLEARED, DAY, GET_SESSION, PASSWORD, SIGN_IN, SIGN_OUT, START_SHOWN,
    Send as _, SignedIn, TOKEN, TestApp, count, execute, members, shown,
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
    a_left_over_of_the_cookie_cache_is_cleared,
    get_session_is_not_a_post,
    a_session_ends_after_seven_days_and_its_row_is_deleted,
    a_session_is_extended_a_day_after_it_was_last_extended,
    every_authenticated_request_extends_a_session_by_cookie_or_bearer,
    disable_refresh_leaves_a_session_as_it_is,
    an_unremembered_session_lasts_a_day_and_is_never_extended,
    an_unremembered_session_is_extended_when_a_bearer_uses_it,
    configured_lifetimes_are_kept_to,
    signing_out_ends_the_cookie_and_the_bearer_token_but_no_other_session,
    signing_out_without_a_session_is_fine,
    a_bearer_may_be_the_token_or_the_signed_token,
    a_bearer_with_a_wrong_signature_is_ignored_and_the_cookie_counts,
    an_accepted_bearer_replaces_the_cookie_even_when_it_is_unknown,
    a_jwt_is_no_session,
);

async fn with_cookie(app: &TestApp, path: &str, cookie: &str) -> Answer {
    app.get(path).header("cookie", cookie).answer().await
}

async fn with_bearer(app: &TestApp, path: &str, token: &str) -> Answer {
    app.get(path).bearer_auth(token).answer().await
}

#[track_caller]
fn is_nobody(answer: &Answer, cookies: &[&str]) {
    assert_eq!((answer.status, answer.body.as_str()), (200, "null"));
    assert_eq!(answer.cookies(), cookies);
    assert_eq!(answer.header("set-auth-jwt"), None);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("pragma"), Some("no-cache"));
}

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

    let long_and_odd = [b"x".repeat(5000).as_slice(), b"\xff\xfe"].concat();
    for user_agent in [long_and_odd.as_slice(), b"\xff", "ünï".as_bytes()] {
        let request = app.sign_in_request("ada@example.com", PASSWORD);
        request.header("user-agent", user_agent).answer().await.signed_in();
    }
}

async fn a_change_of_the_user_is_seen_at_once(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    execute(&db, "UPDATE users SET name = 'Countess'").await;

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
    execute(&db, "DELETE FROM sessions").await;
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
    let app = TestApp::spawn_with(&db, |config| {
        config.better_auth_url = "https://auth.example.com".parse().unwrap();
    })
    .await;

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
    execute(&db, "DELETE FROM sessions").await;
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

async fn a_session_ends_after_seven_days_and_its_row_is_deleted(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let unchanged = format!("{GET_SESSION}?disableRefresh=1");

    app.advance(7 * DAY - 1);
    assert_eq!(with_cookie(&app, &unchanged, &ada.cookie).await.json()["user"], ada.user);

    app.advance(1);
    assert_eq!(count(&db, "sessions").await, 1);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
    assert_eq!(count(&db, "sessions").await, 0);
}

async fn a_session_is_extended_a_day_after_it_was_last_extended(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    let ada = sign_up.signed_in();

    app.advance(DAY - 1);
    let young = app.get_session(&ada.cookie).await;
    assert!(young.cookies().is_empty());
    assert_eq!(young.header("set-auth-token"), None);
    assert_eq!(young.json()["session"]["expiresAt"], shown(7 * DAY));

    app.advance(1);
    let renewed = app.get_session(&ada.cookie).await;
    assert_eq!(renewed.cookies(), sign_up.cookies(), "the same token, the same lifetime");
    assert_eq!(renewed.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(
        renewed.header("access-control-expose-headers"),
        Some("set-auth-jwt, set-auth-token")
    );
    let session = renewed.json()["session"].take();
    assert_eq!(session["token"], ada.token);
    assert_eq!(session["createdAt"], START_SHOWN);
    assert_eq!(session["updatedAt"], shown(DAY));
    assert_eq!(session["expiresAt"], shown(8 * DAY));

    let again = app.get_session(&ada.cookie).await;
    assert!(again.cookies().is_empty());
    assert_eq!(again.json()["session"], session);

    // Used once a day it never ends.
    for _ in 0..30 {
        app.advance(DAY);
        assert_eq!(app.get_session(&ada.cookie).await.cookies(), sign_up.cookies());
    }
}

async fn every_authenticated_request_extends_a_session_by_cookie_or_bearer(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;

    app.advance(DAY);
    let answer = with_cookie(&app, TOKEN, &ada.cookie).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.cookies().len(), 1);
    assert_eq!(answer.header("set-auth-token"), Some(ada.signed_token.as_str()));
    assert_eq!(answer.header("access-control-expose-headers"), Some("set-auth-token"));

    for path in [TOKEN, GET_SESSION] {
        app.advance(DAY);
        let answer = with_bearer(&app, path, &ada.token).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.cookies().len(), 1, "{path}");
        assert_eq!(answer.header("set-auth-token"), Some(ada.signed_token.as_str()));
    }
    let session = app.get_session(&ada.cookie).await.json()["session"].take();
    assert_eq!(session["expiresAt"], shown(10 * DAY));
}

async fn disable_refresh_leaves_a_session_as_it_is(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    app.advance(2 * DAY);

    for value in ["true", "1", "false", "%00"] {
        let path = format!("{GET_SESSION}?x=y&disableRefresh={value}");
        let answer = with_cookie(&app, &path, &ada.cookie).await;
        assert!(answer.cookies().is_empty(), "{value}");
        assert_eq!(answer.json()["session"]["expiresAt"], shown(7 * DAY));
    }
    let path = format!("{GET_SESSION}?disableRefresh=");
    let answer = with_cookie(&app, &path, &ada.cookie).await;
    assert_eq!(answer.cookies().len(), 1, "an empty text does not count");
}

async fn unremembered(app: &TestApp) -> SignedIn {
    app.sign_up("ada@example.com").await;
    let body = json!({ "email": "ada@example.com", "password": PASSWORD, "rememberMe": false });
    app.post(SIGN_IN).json(&body).answer().await.signed_in()
}

async fn an_unremembered_session_lasts_a_day_and_is_never_extended(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = unremembered(&app).await;
    assert!(ada.cookie.contains("better-auth.dont_remember=true."), "{}", ada.cookie);

    for seconds in [0, DAY - 1] {
        app.advance(seconds);
        let answer = app.get_session(&ada.cookie).await;
        assert!(answer.cookies().is_empty());
        assert_eq!(answer.json()["session"]["expiresAt"], shown(DAY));
    }

    app.advance(1);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
}

async fn an_unremembered_session_is_extended_when_a_bearer_uses_it(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = unremembered(&app).await;

    let answer = with_bearer(&app, GET_SESSION, &ada.token).await;

    assert_eq!(answer.json()["session"]["expiresAt"], shown(7 * DAY));
}

async fn configured_lifetimes_are_kept_to(db: TestDatabase) {
    let app = TestApp::spawn_with(&db, |config| {
        config.session_expires_in = std::time::Duration::from_mins(10);
        config.session_update_age = std::time::Duration::from_mins(1);
    })
    .await;
    let sign_up = app.sign_up_request("ada@example.com").answer().await;
    assert!(sign_up.cookies()[0].contains("; Max-Age=600;"), "{:?}", sign_up.cookies());
    let ada = sign_up.signed_in();

    app.advance(59);
    assert!(app.get_session(&ada.cookie).await.cookies().is_empty());
    app.advance(1);
    let answer = app.get_session(&ada.cookie).await;
    assert!(answer.cookies()[0].contains("; Max-Age=600;"));
    assert_eq!(answer.json()["session"]["expiresAt"], shown(660));
    app.advance(600);
    is_nobody(&app.get_session(&ada.cookie).await, &CLEARED);
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
        assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
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
        app.post(SIGN_OUT).json(&json!([null])),
        app.post(SIGN_OUT).header("cookie", unsigned).header("origin", BASE_URL),
    ] {
        let answer = request.answer().await;
        assert_eq!((answer.status, answer.json()), (200, json!({ "success": true })));
        assert_eq!(answer.cookies(), CLEARED);
    }
    assert_eq!(app.get_session(&ada.cookie).await.json()["user"], ada.user);
}

async fn a_bearer_may_be_the_token_or_the_signed_token(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let encoded = ada.cookie.split_once('=').unwrap().1;

    for authorization in [
        format!("Bearer {}", ada.token),
        format!("bearer {}", ada.token),
        format!("BEARER {}", ada.signed_token),
        format!("Bearer {encoded}"),
    ] {
        let answer = app.get(GET_SESSION).header("authorization", &authorization).answer().await;
        assert_eq!(answer.json()["user"], ada.user, "{authorization}");
        assert!(answer.cookies().is_empty());
    }
    for authorization in [
        format!("Basic {}", ada.token),
        format!("Bearer{}", ada.token),
        ada.token.clone(),
        "Bearer".to_owned(),
        "Bearer ".to_owned(),
        format!("Bearer .{}", ada.token),
    ] {
        let answer = app.get(GET_SESSION).header("authorization", &authorization).answer().await;
        is_nobody(&answer, &[]);
    }
}

async fn a_bearer_with_a_wrong_signature_is_ignored_and_the_cookie_counts(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;
    let (_, foreign) = eve.signed_token.rsplit_once('.').unwrap();
    let forged = format!("{}.{foreign}", ada.token);

    is_nobody(&with_bearer(&app, GET_SESSION, &forged).await, &[]);
    let request = app.get(GET_SESSION).bearer_auth(&forged).header("cookie", &eve.cookie);
    assert_eq!(request.answer().await.json()["user"], eve.user);
}

async fn an_accepted_bearer_replaces_the_cookie_even_when_it_is_unknown(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let eve = app.sign_up("eve@example.com").await;

    let request = app.get(GET_SESSION).bearer_auth(&eve.token).header("cookie", &ada.cookie);
    assert_eq!(request.answer().await.json()["user"], eve.user);

    let request = app.get(GET_SESSION).bearer_auth("unknown").header("cookie", &ada.cookie);
    is_nobody(&request.answer().await, &CLEARED);
    let request = app.get(TOKEN).bearer_auth("unknown").header("cookie", &ada.cookie);
    let answer = request.answer().await;
    answer.is_error(401, "UNAUTHORIZED", "Unauthorized");
    assert_eq!(answer.cookies(), CLEARED);
}

async fn a_jwt_is_no_session(db: TestDatabase) {
    let app = TestApp::spawn(&db).await;
    let ada = app.sign_up("ada@example.com").await;
    let jwt = app.token(&ada).await;

    is_nobody(&with_bearer(&app, GET_SESSION, &jwt).await, &[]);
    with_bearer(&app, TOKEN, &jwt).await.is_error(401, "UNAUTHORIZED", "Unauthorized");
    let cookie = format!("better-auth.session_token={jwt}");
    is_nobody(&app.get_session(&cookie).await, &[]);
    let request = app.get(GET_SESSION).bearer_auth(&jwt).header("cookie", &ada.cookie);
    let body: Value = request.answer().await.json();
    assert_eq!(body["user"], ada.user, "it is ignored like any wrong signature");
}
