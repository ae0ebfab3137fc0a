//! The paths that a source file names outside its unit tests.

use std::collections::BTreeSet;

use syn::{
    Attribute, ItemMod, ItemUse, Macro, MetaList, UseTree, VisRestricted, Visibility,
    buffer::{Cursor, TokenBuffer},
    visit::{self, Visit},
};

/// An item that a `use` declaration brings into a module.
pub(crate) struct Import {
    /// Its name in that module, or `*` for all items of the imported module.
    pub(crate) name: String,
    /// Its path as written, without the `*`.
    pub(crate) path: Vec<String>,
    pub(crate) is_public: bool,
}

#[derive(Default)]
pub(crate) struct Source {
    pub(crate) imports: Vec<Import>,
    /// Paths of at least two segments outside `use` declarations.
    pub(crate) paths: Vec<Vec<String>>,
    /// First segments of all paths outside `use` declarations.
    pub(crate) words: BTreeSet<String>,
    /// Names of the modules that contain unit tests.
    pub(crate) tests: Vec<String>,
}

impl Source {
    pub(crate) fn parse(text: &str) -> Self {
        let mut source = Self::default();
        source.visit_file(&syn::parse_file(text).expect("the source is valid"));
        source
    }

    fn add(&mut self, path: Vec<String>) {
        self.words.extend(path.first().cloned());
        if path.len() > 1 {
            self.paths.push(path);
        }
    }

    fn add_use(&mut self, tree: &UseTree, path: &[String], is_public: bool) {
        let with = |name: &syn::Ident| [path, &[name.to_string()]].concat();
        let mut add = |name: String, path: Vec<String>| {
            self.imports.push(Import { name, path, is_public });
        };
        match tree {
            UseTree::Path(inner) => self.add_use(&inner.tree, &with(&inner.ident), is_public),
            UseTree::Name(name) if name.ident == "self" => {
                add(path.last().cloned().unwrap_or_default(), path.to_vec());
            }
            UseTree::Name(name) => add(name.ident.to_string(), with(&name.ident)),
            UseTree::Rename(name) => add(name.rename.to_string(), with(&name.ident)),
            UseTree::Glob(_) => add("*".to_owned(), path.to_vec()),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.add_use(item, path, is_public));
            }
        }
    }

    /// Adds the paths among the tokens of a macro or an attribute.
    fn add_tokens(&mut self, mut cursor: Cursor<'_>) {
        let mut path = Vec::new();
        let mut colons = 0;
        while !cursor.eof() {
            if let Some((name, rest)) = cursor.ident() {
                if colons != 2 {
                    self.add(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                (cursor, colons) = (rest, 0);
                continue;
            }
            if let Some((inner, _, _, rest)) = cursor.any_group() {
                self.add_tokens(inner);
                (cursor, colons) = (rest, 0);
                continue;
            }
            let is_colon = cursor.punct().is_some_and(|(punct, _)| punct.as_char() == ':');
            colons = if is_colon { colons + 1 } else { 0 };
            if !is_colon {
                self.add(std::mem::take(&mut path));
            }
            cursor = cursor.token_tree().expect("this is not the end").1;
        }
        self.add(path);
    }
}

impl Visit<'_> for Source {
    fn visit_item_use(&mut self, item: &ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        self.add_use(&item.tree, &[], is_public);
    }

    fn visit_path(&mut self, path: &syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &Macro) {
        self.add_tokens(TokenBuffer::new2(item.tokens.clone()).begin());
        visit::visit_macro(self, item);
    }

    fn visit_meta_list(&mut self, list: &MetaList) {
        self.add_tokens(TokenBuffer::new2(list.tokens.clone()).begin());
        visit::visit_meta_list(self, list);
    }

    /// Skips the path of `pub(super)`, which imports nothing.
    fn visit_vis_restricted(&mut self, _: &VisRestricted) {}

    fn visit_item_mod(&mut self, item: &ItemMod) {
        if item.attrs.iter().any(is_test) {
            self.tests.push(item.ident.to_string());
        } else {
            visit::visit_item_mod(self, item);
        }
    }
}

fn is_test(attribute: &Attribute) -> bool {
    attribute.path().is_ident("cfg")
        && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
}
