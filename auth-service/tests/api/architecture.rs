//! Rules for the source tree that the compiler does not check.

use std::{fs, path::Path};

#[test]
fn only_the_store_knows_the_query_builder() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for folder in [source.clone(), source.join("routes")] {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_file() && name != "store.rs" {
                let text = fs::read_to_string(&path).unwrap();
                assert!(!text.contains("diesel"), "{name} reaches into the database");
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "{seen} files are not all of them");
}
