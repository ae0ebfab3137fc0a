//! The modules of a crate and the modules that they import from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use crate::source::{Import, Source};

/// A module's path: the names of its ancestors from the crate root, then its own name.
pub(crate) type Module = Vec<String>;

/// Modules, each with the modules that it imports from.
pub(crate) type Graph = BTreeMap<Module, BTreeSet<Module>>;

/// The sources and imports of the modules of a crate, without unit tests.
pub(crate) struct Tree {
    pub(crate) imports: Graph,
    pub(crate) texts: BTreeMap<Module, String>,
}

impl Tree {
    pub(crate) fn read(folder: &Path) -> Self {
        let mut texts = BTreeMap::new();
        collect(folder, &Module::new(), &mut texts);
        Self::of(texts)
    }

    pub(crate) fn of(mut texts: BTreeMap<Module, String>) -> Self {
        let mut sources: BTreeMap<_, _> =
            texts.iter().map(|(module, text)| (module.clone(), Source::parse(text))).collect();
        let tests: Vec<Module> = sources
            .iter()
            .flat_map(|(module, source)| source.tests.iter().map(|test| inside(module, test)))
            .collect();
        let is_test = |module: &Module| tests.iter().any(|test| module.starts_with(test));
        texts.retain(|module, _| !is_test(module));
        sources.retain(|module, _| !is_test(module));
        let resolver = Resolver(&sources);
        let imports = sources.keys().map(|module| (module.clone(), resolver.imports(module)));
        Self { imports: imports.collect(), texts }
    }

    /// Returns, for each module, the graph of the imports between its children. A child includes
    /// its submodules.
    pub(crate) fn siblings(&self) -> impl Iterator<Item = Graph> {
        let parents: BTreeSet<_> =
            self.imports.keys().filter_map(|module| Some(module.split_last()?.1)).collect();
        parents.into_iter().map(move |parent| {
            let child = |module: &Module| {
                let name = module.strip_prefix(parent)?.first()?;
                Some(inside(parent, name))
            };
            let mut graph = Graph::new();
            for (module, imports) in &self.imports {
                let Some(from) = child(module) else { continue };
                let others = imports.iter().filter_map(child).filter(|other| *other != from);
                let others: Vec<_> = others.collect();
                graph.entry(from).or_default().extend(others);
            }
            graph
        })
    }
}

fn inside(module: &[String], name: &str) -> Module {
    [module, &[name.to_owned()]].concat()
}

fn collect(folder: &Path, parent: &Module, texts: &mut BTreeMap<Module, String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let module = inside(parent, &path.file_stem().unwrap().to_string_lossy());
        if path.is_dir() {
            collect(&path, &module, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if module == ["lib"] { Module::new() } else { module };
            texts.insert(module, fs::read_to_string(path).unwrap());
        }
    }
}

/// Resolves paths to the modules that define the items.
struct Resolver<'a>(&'a BTreeMap<Module, Source>);

impl Resolver<'_> {
    /// Returns the other modules that a module imports from.
    fn imports(&self, module: &Module) -> BTreeSet<Module> {
        let source = self.0.get(module).expect("the module exists");
        let imported = source.imports.iter().filter(|import| !self.is_re_export(module, import));
        let paths = imported.map(|import| &import.path).chain(&source.paths);
        let modules = paths.filter_map(|path| self.module_of(&self.absolute(module, path)?));
        modules.filter(|found| found != module).collect()
    }

    /// Returns whether an import only re-exports an item of a submodule.
    fn is_re_export(&self, module: &Module, import: &Import) -> bool {
        let source = self.0.get(module).expect("the module exists");
        let path = self.absolute(module, &import.path);
        import.is_public
            && path.is_some_and(|path| path.starts_with(module))
            && !source.words.contains(&import.name)
    }

    /// Converts a path in `module` to a path from the crate root. Returns `None` if it leads to
    /// another crate.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<Module> {
        let supers = path.iter().take_while(|name| *name == "super").count();
        let (base, rest) = match path.first()?.as_str() {
            "crate" => (0, path.get(1..)),
            "self" => (module.len(), path.get(1..)),
            "super" => (module.len().saturating_sub(supers), path.get(supers..)),
            name if self.0.contains_key(&inside(module, name)) => (module.len(), Some(path)),
            _ => return None,
        };
        Some([module.get(..base)?, rest?].concat())
    }

    /// Returns the module that defines the item at a path, even if the path leads to a re-export.
    fn module_of(&self, path: &[String]) -> Option<Module> {
        let length = (0..=path.len())
            .rev()
            .find(|length| path.get(..*length).is_some_and(|head| self.0.contains_key(head)))?;
        let (module, rest) = path.split_at_checked(length)?;
        let origin = rest.split_first().and_then(|(name, rest)| {
            let mut imports = self.0.get(module)?.imports.iter();
            let import = imports.find(|import| import.name == *name)?;
            self.module_of(&[self.absolute(module, &import.path)?.as_slice(), rest].concat())
        });
        Some(origin.unwrap_or_else(|| module.to_vec()))
    }
}
