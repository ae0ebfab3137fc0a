//! The first program in the README of jwks-auth works.

use e2e::{Engine, QuickStart, System};

#[test]
fn the_readmes_program_accepts_only_requests_with_a_valid_token() {
    let Some(system) = System::start(Engine::Sqlite) else { panic!("SQLite is always there") };
    let program = QuickStart::start(&system);
    let client = program.client();
    let [ada, bob] = ["ada@example.com", "bob@example.com"].map(|email| system.token(email));
    let (signed, _) = ada.rsplit_once('.').unwrap();
    let (_, foreign_signature) = bob.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{foreign_signature}");

    for _ in 0..2 {
        assert_eq!(client.get("/me", &ada).unwrap().status, 200);
        let refused = client.get("/me", &forged).unwrap();
        assert_eq!((refused.status, &*refused.text("detail")), (401, "Invalid token"));
    }
}
