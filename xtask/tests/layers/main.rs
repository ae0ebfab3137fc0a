//! Layers of the services, layers of the crates, and import cycles among the modules of each crate,
//! which the compiler does not check.
//!
//! A module imports only from its own layer and the layers below it. Modules must not import each
//! other in a cycle. This also applies to sibling modules, each together with its submodules.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

mod cycles;
mod source;
mod tree;

use std::{fs, path::PathBuf};

use self::{
    cycles::cycles,
    tree::{Graph, Module, Tree},
};

/// A layer: its top-level modules, and the crates and other modules that it must not use.
struct Layer {
    modules: &'static [&'static str],
    must_not_use: &'static [&'static str],
}

/// The layers of task-service, from top to bottom.
const TASK_SERVICE: [Layer; 7] = [
    Layer { modules: &["main"], must_not_use: &["diesel"] },
    Layer { modules: &["cli"], must_not_use: &["actix_web", "diesel"] },
    Layer { modules: &["app", "bench", "openapi"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["routes"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["http"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["domain"], must_not_use: &["actix_web", "clap", "diesel"] },
    Layer {
        modules: &["store", "config"],
        must_not_use: &["actix_web", "jwks_auth", "operator_tools"],
    },
];

/// The layers of auth-service, from top to bottom.
const AUTH_SERVICE: [Layer; 8] = [
    Layer { modules: &["main"], must_not_use: &["diesel"] },
    Layer { modules: &["cli"], must_not_use: &["actix_web", "diesel", "http", "routes"] },
    Layer { modules: &["app", "openapi"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["routes"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["http"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["domain"], must_not_use: &["actix_web", "clap", "diesel"] },
    Layer { modules: &["store"], must_not_use: &["actix_web", "clap", "operator_tools", "rand"] },
    Layer { modules: &["config"], must_not_use: &["actix_web", "diesel"] },
];

/// The crates in `crates`, each with the crates of the workspace that it may use.
const CRATES: [(&str, &[&str]); 8] = [
    ("http-client", &[]),
    ("settings", &[]),
    ("jwks-auth", &["http-client"]),
    ("jwks-auth-verify", &["jwks-auth"]),
    ("telemetry", &["http-client", "settings"]),
    ("database", &["settings", "telemetry"]),
    ("service-kit", &["database", "settings", "telemetry"]),
    ("operator-tools", &["database", "http-client", "service-kit", "settings"]),
];

#[test]
fn crates_use_only_those_below_them() {
    let root = xtask::root();
    let members = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members: Vec<_> =
        members.lines().filter_map(|line| line.split_once(" = { path = ")).collect();
    let folders = fs::read_dir(root.join("crates")).unwrap();
    let names = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    for name in names {
        let rule = CRATES.iter().find(|(named, _)| *named == name);
        let (_, allowed) = rule.unwrap_or_else(|| panic!("there is no rule for {name}"));
        let manifest = fs::read_to_string(root.join("crates").join(&name).join("Cargo.toml"));
        let manifest = manifest.unwrap();
        let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
        let dependencies = dependencies.split("\n[").next().unwrap();
        let used = dependencies.lines().filter_map(|line| line.split(['.', ' ']).next());
        for used in used.filter(|used| members.iter().any(|(member, _)| member == used)) {
            assert!(allowed.contains(&used), "{name} must not use {used}");
        }
    }
}

#[test]
fn task_service_has_layers() {
    assert_layers("task-service", &TASK_SERVICE);
}

#[test]
fn auth_service_has_layers() {
    assert_layers("auth-service", &AUTH_SERVICE);
}

fn assert_layers(service: &str, layers: &[Layer]) {
    let tree = Tree::read(&xtask::root().join(service).join("src"));
    let layer_of = |module: &Module| {
        let top = module.first()?;
        layers.iter().position(|layer| layer.modules.contains(&top.as_str()))
    };
    for (module, imports) in tree.imports.iter().filter(|(module, _)| !module.is_empty()) {
        let layer = layer_of(module);
        assert!(layer.is_some(), "{module:?} belongs to no layer");
        let layer = layer.unwrap();
        for import in imports {
            let is_allowed = layer_of(import).is_none_or(|imported| layer <= imported);
            assert!(is_allowed, "{module:?} imports {import:?}, which is above it");
        }
        for unwanted in layers.get(layer).unwrap().must_not_use {
            let text = tree.texts.get(module).unwrap();
            assert!(!uses(text, unwanted), "{module:?} must not use {unwanted}");
        }
    }
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    for folder in crates() {
        let tree = Tree::read(&folder.join("src"));
        for graph in tree.siblings().chain([tree.imports.clone()]) {
            if let Some(cycle) = cycles(&graph).first() {
                panic!("{}:\n{}", folder.display(), shown(cycle));
            }
        }
    }
}

/// Returns the folders of the workspace's crates that have a library.
fn crates() -> Vec<PathBuf> {
    let root = xtask::root();
    let folders = [root.to_owned(), root.join("crates")];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let crates = entries.map(|entry| entry.unwrap().path());
    let crates: Vec<_> = crates.filter(|path| path.join("src/lib.rs").is_file()).collect();
    assert!(crates.contains(&root.join("crates/service-kit")), "{crates:?}");
    crates
}

fn shown(cycle: &Graph) -> String {
    let name =
        |module: &Module| format!("`{}`", [&["crate".to_owned()], &**module].concat().join("::"));
    let lines = cycle.iter().map(|(module, imports)| {
        let imports: Vec<_> = imports.iter().map(name).collect();
        format!("{} imports from {}", name(module), imports.join(", "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Returns whether a source file uses a crate or module outside comments.
fn uses(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&path))
}

/// Returns whether a parent module and its two submodules with these sources import each other in a
/// cycle.
fn are_in_a_circle(parent: &str, first: &str, second: &str) -> bool {
    let texts = [("parent", parent), ("parent::first", first), ("parent::second", second)];
    let texts = texts.map(|(name, text)| {
        let module: Module = name.split("::").map(str::to_owned).collect();
        (module, text.to_owned())
    });
    !cycles(&Tree::of(texts.into()).imports).is_empty()
}

#[test]
fn imports_of_every_kind_are_found() {
    let item = "pub fn item() {}";
    let uses_first = "use self::first::item; pub struct Other;";
    for imports in [
        "use super::Other;",
        "use super::*;",
        "use crate::parent::{Other as Renamed};",
        "fn f() -> super::Other { todo!() }",
        "fn f() { println!(\"{:?}\", [crate::parent::Other]) }",
        "#[value(parser = super::Other::parse)] struct S;",
        "macro_rules! other { () => { $crate::parent::Other } }",
    ] {
        assert!(are_in_a_circle(uses_first, &format!("{item} {imports}"), ""), "{imports}");
    }
    for uses in
        ["use first::item;", "fn f() { first::item() }", "pub use first::item; fn f() { item() }"]
    {
        let parent = format!("mod first; pub struct Other; {uses}");
        assert!(are_in_a_circle(&parent, "use super::Other;", ""), "{uses}");
    }
    assert!(are_in_a_circle("", "use super::second::Second;", "use crate::parent::first::First;"));
}

#[test]
fn declarations_re_exports_and_tests_are_no_imports() {
    let parent = "mod first; mod second; pub use self::{first::item, second::Other};";
    assert!(!are_in_a_circle(parent, "pub fn item() -> super::Other {}", "pub struct Other;"));
    assert!(are_in_a_circle(parent, "pub fn item() -> super::Other {}", "use super::item;"));
    let parent = "use self::first::item; pub(super) struct Other;";
    let tests = "#[cfg(test)] mod tests { use super::super::*; }";
    assert!(!are_in_a_circle(parent, &format!("pub(super) fn item() {{}} {tests}"), ""));
    assert!(!are_in_a_circle("use first::item; #[cfg(test)] mod second;", "", "use super::item;"));
}
