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
fn each_feature_adds_its_dependency_and_the_core_has_none() {
    let brings = |features, name: &str| dependencies(features).contains(&format!("\n{name} v"));
    for (features, expected) in [
        ("", &[][..]),
        ("testing", &[]),
        ("http", &["reqwest"]),
        ("actix", &["actix-web"]),
        ("axum", &["axum-core"]),
        ("tower", &["tower-layer"]),
    ] {
        for name in ["actix-web", "axum-core", "reqwest", "axum", "jsonwebtoken", "diesel"] {
            assert_eq!(brings(features, name), expected.contains(&name), "{name} with {features}");
        }
        let has_tower = ["http", "axum", "tower"].contains(&features);
        assert_eq!(brings(features, "tower-layer"), has_tower, "{features}");
    }
}
