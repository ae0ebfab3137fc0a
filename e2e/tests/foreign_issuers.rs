//! Tokens that other products issue, with EdDSA and with algorithms that auth-service does not use.
//! `TEST_NODE` names an interpreter with the packages of `e2e/clients`. Without it, these tests
//! print a note and pass, except in CI.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop here")]

use e2e::{OpenIdProvider, Original, System, on_both_engines};

on_both_engines!(
    an_openid_provider_is_discovered_and_trusted_for_the_named_algorithms,
    better_auth_may_sign_with_any_of_its_key_pairs,
);

/// Restarts task-service with `issuers` as the value of `TRUSTED_ISSUERS`.
fn trust(system: &mut System, issuers: &str) {
    system.tasks.stop().unwrap();
    system.tasks.set_variable("TRUSTED_ISSUERS", issuers);
    system.tasks.start_and_wait().unwrap();
}

fn status(system: &System, token: &str) -> u16 {
    system.tasks_client().get("/api/tasks", token).unwrap().status
}

fn an_openid_provider_is_discovered_and_trusted_for_the_named_algorithms(system: &mut System) {
    let Some(provider) = OpenIdProvider::start() else { return };
    let ours = system.token("ada@example.com");
    let tokens = ["RS256", "ES256", "EdDSA"].map(|algorithm| provider.token(algorithm));
    let entry = format!("{}|{}", provider.issuer, OpenIdProvider::AUDIENCE);
    let jwks_url = format!("{}/jwks", provider.issuer);
    for (issuers, expected) in [
        (String::new(), [401, 401, 401]),
        (format!("{entry}|discover"), [401, 401, 200]),
        (format!("{entry}|discover|RS256 ES256 EdDSA"), [200, 200, 200]),
        (format!("{entry}|discover|RS256"), [200, 401, 401]),
        (format!("{entry}|{jwks_url}|ES256"), [401, 200, 401]),
        // The keys are the same, but the trailing slash makes this issuer differ from the one in
        // the provider's metadata.
        (
            format!("{}/|{}|discover|RS256 ES256 EdDSA", provider.issuer, OpenIdProvider::AUDIENCE),
            [401, 401, 401],
        ),
    ] {
        trust(system, &issuers);
        let statuses = tokens.each_ref().map(|token| status(system, token));
        assert_eq!(statuses, expected, "{issuers}");
        assert_eq!(status(system, &ours), 200);
    }
    trust(system, &format!("{entry}|discover|RS256"));
    let tasks = system.tasks_client();
    let id = tasks.create_task(&tokens[0], "Buy milk").unwrap().text("id");
    assert_eq!(tasks.task(&ours, &id).unwrap().status, 403);
}

fn better_auth_may_sign_with_any_of_its_key_pairs(system: &mut System) {
    for algorithm in ["EdDSA", "ES256", "RS256", "PS256"] {
        let Some(original) = Original::start_with(&[("JWT_ALG", algorithm)]) else { return };
        let auth = original.client();
        let session = auth.sign_up("ada@example.com").unwrap().text("token");
        let token = auth.token(&session).unwrap().text("token");
        let entry = format!("{0}|{0}|{1}", original.issuer, original.jwks_url());
        let expected_by_default = if algorithm == "EdDSA" { 200 } else { 401 };
        for (issuers, expected) in [
            (entry.clone(), expected_by_default),
            (format!("{entry}|{algorithm}"), 200),
            (format!("{entry}|ES384 PS512"), 401),
        ] {
            trust(system, &issuers);
            assert_eq!(status(system, &token), expected, "{algorithm} by {issuers}");
        }
    }
}
