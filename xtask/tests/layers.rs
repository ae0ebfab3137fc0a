//! The layers of the source trees, which the compiler does not check.
//!
//! A module imports only from its own layer and the layers below it, and sibling modules do not
//! import each other in a cycle.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test that cannot go on should stop here"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use syn::{
    Attribute, ItemMod, ItemUse, UseTree,
    visit::{self, Visit},
};

/// A layer: its top-level modules, and the crates that it must not use.
struct Layer {
    modules: &'static [&'static str],
    must_not_use: &'static [&'static str],
}

/// From top to bottom.
const TASK_SERVICE: [Layer; 7] = [
    Layer { modules: &["main"], must_not_use: &["diesel"] },
    Layer { modules: &["cli"], must_not_use: &["actix_web", "diesel"] },
    Layer { modules: &["app", "bench", "openapi"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["routes"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["http"], must_not_use: &["clap", "diesel"] },
    Layer { modules: &["domain"], must_not_use: &["actix_web", "clap", "diesel"] },
    Layer { modules: &["store", "config"], must_not_use: &["actix_web", "jwks_auth"] },
];

/// Trees whose modules must not import each other in a cycle.
const WITHOUT_CYCLES: [&str; 4] =
    ["task-service/src", "crates/http-client/src", "shared-models/src", "e2e/src"];

/// Names from the root of the crate.
type Module = Vec<String>;

/// The modules of a crate, with the modules that they import and their source text.
#[derive(Default)]
struct Tree {
    imports: BTreeMap<Module, BTreeSet<Module>>,
    texts: BTreeMap<Module, String>,
}

#[test]
fn task_service_has_layers() {
    let tree = Tree::read("task-service/src");
    let layer_of = |module: &Module| {
        let top = module.first()?;
        TASK_SERVICE.iter().position(|layer| layer.modules.contains(&top.as_str()))
    };
    for (module, imports) in tree.imports.iter().filter(|(module, _)| !module.is_empty()) {
        let layer = layer_of(module).unwrap_or_else(|| panic!("{module:?} belongs to no layer"));
        for import in imports {
            let is_allowed = layer_of(import).is_none_or(|imported| layer <= imported);
            assert!(is_allowed, "{module:?} imports {import:?}, which is above it");
        }
        for unwanted in TASK_SERVICE.get(layer).unwrap().must_not_use {
            let text = tree.texts.get(module).unwrap();
            assert!(!uses(text, unwanted), "{module:?} must not use {unwanted}");
        }
    }
}

#[test]
fn modules_do_not_import_each_other_in_a_circle() {
    for source in WITHOUT_CYCLES {
        let tree = Tree::read(source);
        let parents = tree.imports.keys().filter_map(|module| module.split_last());
        for parent in parents.map(|(_, parent)| parent).collect::<BTreeSet<_>>() {
            let siblings = tree.siblings(parent);
            for start in siblings.keys() {
                let reached = reachable(&siblings, start);
                assert!(!reached.contains(start), "{source}: {parent:?}: {start} imports itself");
            }
        }
    }
}

impl Tree {
    fn read(source: &str) -> Self {
        let mut files = BTreeMap::new();
        collect(&xtask::root().join(source), &Module::new(), &mut files);
        let mut tree = Self::default();
        for (module, text) in &files {
            let mut paths = Paths { module, found: Vec::new() };
            paths.visit_file(&syn::parse_file(text).expect("the source is valid"));
            let imports = paths.found.iter().filter_map(|path| innermost_module(path, &files));
            let imports = imports.filter(|import| import != module).collect();
            tree.imports.insert(module.clone(), imports);
        }
        tree.texts = files;
        tree
    }

    /// Returns the imports among the children of a module; a child includes the modules inside it.
    fn siblings(&self, parent: &[String]) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut siblings = BTreeMap::<_, BTreeSet<_>>::new();
        for (module, imports) in &self.imports {
            let Some(name) = child(module, parent) else { continue };
            let others = imports.iter().filter_map(|import| child(import, parent));
            siblings.entry(name).or_default().extend(others.filter(|other| *other != name));
        }
        siblings
    }
}

fn child<'a>(module: &'a Module, parent: &[String]) -> Option<&'a str> {
    module.strip_prefix(parent)?.first().map(String::as_str)
}

fn collect(folder: &Path, parent: &Module, files: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let module = [parent.as_slice(), &[name]].concat();
        if path.is_dir() {
            collect(&path, &module, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if module == ["lib"] { Module::new() } else { module };
            files.insert(module, fs::read_to_string(path).unwrap());
        }
    }
}

/// Returns the innermost module of the path of an item.
fn innermost_module(path: &[String], files: &BTreeMap<Module, String>) -> Option<Module> {
    let heads = (1..=path.len()).rev().filter_map(|end| path.get(..end));
    heads.map(<[String]>::to_vec).find(|head| files.contains_key(head))
}

fn reachable<'a>(
    graph: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    start: &'a str,
) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = vec![start];
    while let Some(name) = waiting.pop() {
        let next = graph.get(name).into_iter().flatten();
        waiting.extend(next.filter(|name| reached.insert(**name)));
    }
    reached
}

/// Returns whether a source file uses a crate outside comments.
fn uses(text: &str, name: &str) -> bool {
    let path = format!("{name}::");
    text.lines().any(|line| !line.trim_start().starts_with("//") && line.contains(&path))
}

/// Collects the paths of items of the crate that a module names outside its unit tests.
struct Paths<'a> {
    module: &'a Module,
    found: Vec<Module>,
}

impl Paths<'_> {
    fn add(&mut self, path: &[String]) {
        let levels = path.iter().take_while(|name| *name == "super").count();
        let (base, rest) = match path.first().map(String::as_str) {
            Some("crate") => (0, path.get(1..)),
            Some("self") => (self.module.len(), path.get(1..)),
            Some("super") => (self.module.len().saturating_sub(levels), path.get(levels..)),
            _ => return,
        };
        let base = self.module.get(..base).unwrap_or_default();
        self.found.push([base, rest.unwrap_or_default()].concat());
    }

    fn add_tree(&mut self, tree: &UseTree, path: &[String]) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(inner) => self.add_tree(&inner.tree, &with(&inner.ident)),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(name) => self.add(&with(&name.ident)),
            UseTree::Glob(_) => self.add(path),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add_tree(item, path));
            }
        }
    }
}

impl Visit<'_> for Paths<'_> {
    fn visit_item_use(&mut self, item: &ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let names: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add(&names);
        visit::visit_path(self, path);
    }

    fn visit_item_mod(&mut self, item: &ItemMod) {
        if !item.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, item);
        }
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}
