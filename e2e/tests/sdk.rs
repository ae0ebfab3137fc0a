//! The programs at the top of jwks-auth's README work when they are built with the packages that
//! would be published.

use e2e::{Engine, QuickStart, System};

#[test]
fn the_readmes_programs_accept_only_requests_with_a_valid_token() {
    let Some(system) = System::start(Engine::Sqlite) else { panic!("SQLite is always there") };
    let [ada, bob] = ["ada@example.com", "bob@example.com"].map(|email| system.token(email));
    let (signed, _) = ada.rsplit_once('.').unwrap();
    let (_, foreign_signature) = bob.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{foreign_signature}");

    for program in QuickStart::start_all(&system) {
        let client = program.client();
        for _ in 0..2 {
            assert_eq!(client.get("/me", &ada).unwrap().status, 200);
            let refused = client.get("/me", &forged).unwrap();
            assert_eq!((refused.status, &*refused.text("detail")), (401, "Invalid token"));
        }
    }
}
