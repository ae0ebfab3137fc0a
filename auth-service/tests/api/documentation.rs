//! What can be set is written down where people look.

use std::path::Path;

use auth_service::config::Config;
use service_kit::testing::undocumented;

#[test]
fn every_variable_is_in_the_readme_and_in_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for file in ["README.md", ".env.example"] {
        assert_eq!(undocumented::<Config>(&root.join(file)), [""; 0], "{file}");
    }
}
