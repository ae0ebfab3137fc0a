//! Rules of the source tree that the compiler does not check.

use std::{fs, path::Path};

#[test]
fn only_models_schema_and_error_know_the_query_builder() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for folder in [source.clone(), source.join("routes")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && !["models.rs", "schema.rs", "error.rs", "lib.rs"].contains(&&*name)
            {
                let text = fs::read_to_string(&path).unwrap();
                assert!(!text.contains("diesel"), "{name} reaches into the database");
            }
        }
    }
}
