//! The core depends on neither a web framework nor an HTTP client.

use std::process::Command;

/// Returns the dependencies of this crate with these features, one per line.
fn dependencies(features: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--locked", "--edges", "normal", "--prefix", "none"])
        .args(["-p", "jwks-auth", "--no-default-features", "--features", features])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn each_feature_adds_its_dependency_and_the_core_has_neither() {
    let brings = |features, name: &str| dependencies(features).contains(&format!("\n{name} v"));
    for (features, actix, reqwest) in [
        ("", false, false),
        ("testing", false, false),
        ("http", false, true),
        ("actix", true, false),
    ] {
        assert_eq!(brings(features, "actix-web"), actix, "{features}");
        assert_eq!(brings(features, "reqwest"), reqwest, "{features}");
        assert!(!brings(features, "jsonwebtoken") && !brings(features, "diesel"), "{features}");
    }
}
