//! The modules of a crate: its files, and which of their items count.

use super::manifest::Manifest;
use super::tokens::Writer;
use super::{c_text, digest, read, read_text};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use syn::punctuated::Punctuated;
use syn::{Attribute, ImplItem, Item, ItemMod, Meta, Token, TraitItem};

/// The endings of sources in C and CUDA.
const C_ENDINGS: [&str; 4] = ["cu", "cuh", "h", "cpp"];

/// The code of a crate.
#[derive(Default)]
pub struct Code {
    /// By path from the crate's root, which is empty.
    pub modules: BTreeMap<String, Module>,
    /// The files.
    pub files: BTreeSet<PathBuf>,
}

/// The code of a module, without the modules inside.
#[derive(Default)]
pub struct Module {
    /// Its tokens, and the digests of the files that it includes.
    pub text: String,
    /// The paths that it names in crates of the workspace, its own too.
    pub names: BTreeSet<(String, String)>,
    /// The paths that it may name in itself, by bare names.
    pub nearby: BTreeSet<String>,
}

/// Where items stand.
#[derive(Clone)]
struct Place {
    file: PathBuf,
    /// The folder from which `#[path]` counts.
    base: PathBuf,
    /// The folder of the modules inside.
    inside: PathBuf,
    /// The path of the module.
    module: String,
}

impl Code {
    /// Reads the code of a crate of the workspace in `root`.
    pub fn read(root: &Path, member: &Manifest) -> Result<Self, String> {
        let mut reader = Reader { root, member, code: Self::default() };
        for file in member.roots() {
            let folder = file.parent().unwrap_or(root).to_owned();
            let place = Place { file, base: folder.clone(), inside: folder, module: String::new() };
            reader.file(&place)?;
        }
        Ok(reader.code)
    }
}

struct Reader<'a> {
    root: &'a Path,
    member: &'a Manifest,
    code: Code,
}

impl Reader<'_> {
    fn file(&mut self, place: &Place) -> Result<(), String> {
        let text = read_text(&place.file)?;
        self.code.files.insert(place.file.clone());
        let file = syn::parse_file(&text)
            .map_err(|error| format!("{}:{}: {error}", self.shown(&place.file), error.span().start().line))?;
        if is_for_tests(&file.attrs) {
            return Ok(());
        }
        for attribute in &file.attrs {
            self.write(place, attribute)?;
        }
        self.items(file.items, place)
    }

    fn items(&mut self, items: Vec<Item>, place: &Place) -> Result<(), String> {
        for item in items.into_iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Mod(item) => self.module(item, place)?,
                Item::Impl(mut item) => {
                    item.items.retain(|inner| !is_for_tests(attributes_in_impl(inner)));
                    self.write(place, &item)?;
                }
                Item::Trait(mut item) => {
                    item.items.retain(|inner| !is_for_tests(attributes_in_trait(inner)));
                    self.write(place, &item)?;
                }
                item => self.write(place, &item)?,
            }
        }
        Ok(())
    }

    /// A module is written under its own path, so that neither the order of modules counts nor whether one has a file.
    fn module(&mut self, item: ItemMod, place: &Place) -> Result<(), String> {
        let name = item.ident.to_string();
        let name = name.trim_start_matches("r#");
        let module =
            if place.module.is_empty() { name.to_owned() } else { format!("{}::{name}", place.module) };
        let mut inner = Place { module, ..place.clone() };
        for attribute in &item.attrs {
            self.write(&inner, attribute)?;
        }
        self.write(&inner, &item.vis)?;
        inner.inside = place.inside.join(name);
        if let Some((_, items)) = item.content {
            inner.base = inner.inside.clone();
            return self.items(items, &inner);
        }
        if let Some(path) = path_attribute(&item.attrs) {
            inner.file = place.base.join(path);
            inner.inside = inner.file.parent().unwrap_or(self.root).to_owned();
        } else {
            let files = [place.inside.join(format!("{name}.rs")), inner.inside.join("mod.rs")];
            let missing = || {
                let line = item.ident.span().start().line;
                format!("{}:{line}: the module {name} has no file", self.shown(&place.file))
            };
            inner.file = files.into_iter().find(|file| file.exists()).ok_or_else(missing)?;
        }
        inner.base = inner.file.parent().unwrap_or(self.root).to_owned();
        self.file(&inner)
    }

    fn write(&mut self, place: &Place, code: &impl ToTokens) -> Result<(), String> {
        let module = self.code.modules.entry(place.module.clone()).or_default();
        let mut writer = Writer::new(self.member, &place.module, module);
        writer.write(code.to_token_stream());
        for name in writer.included {
            let file = place.file.parent().unwrap_or(self.root).join(&name);
            let is_c = file.extension().is_some_and(|ending| C_ENDINGS.iter().any(|it| ending == *it));
            let of = if is_c {
                digest(c_text::without_comments(&read_text(&file)?).as_bytes())
            } else {
                digest(&read(&file)?)
            };
            module.text.push_str(&format!("\nincluded {name} {of}\n"));
            self.code.files.insert(file);
        }
        Ok(())
    }

    /// A path from the top of the workspace, for messages.
    fn shown(&self, file: &Path) -> String {
        file.strip_prefix(self.root).unwrap_or(file).display().to_string()
    }
}

/// Whether attributes leave an item to tests: `#[test]`, `#[cfg(test)]`, `#[cfg(all(test, ..))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = || attribute.parse_args::<Meta>();
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg") && condition().is_ok_and(|condition| needs_test(&condition)))
    })
}

fn needs_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => {
            let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
            parts.is_ok_and(|parts| parts.iter().any(needs_test))
        }
        _ => false,
    }
}

/// The file that `#[path = ".."]` names.
fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    syn::parse2::<syn::LitStr>(pair.value.to_token_stream()).ok().map(|text| text.value())
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(syn::ItemConst { attrs, .. })
        | Item::Enum(syn::ItemEnum { attrs, .. })
        | Item::ExternCrate(syn::ItemExternCrate { attrs, .. })
        | Item::Fn(syn::ItemFn { attrs, .. })
        | Item::ForeignMod(syn::ItemForeignMod { attrs, .. })
        | Item::Impl(syn::ItemImpl { attrs, .. })
        | Item::Macro(syn::ItemMacro { attrs, .. })
        | Item::Mod(ItemMod { attrs, .. })
        | Item::Static(syn::ItemStatic { attrs, .. })
        | Item::Struct(syn::ItemStruct { attrs, .. })
        | Item::Trait(syn::ItemTrait { attrs, .. })
        | Item::TraitAlias(syn::ItemTraitAlias { attrs, .. })
        | Item::Type(syn::ItemType { attrs, .. })
        | Item::Union(syn::ItemUnion { attrs, .. })
        | Item::Use(syn::ItemUse { attrs, .. }) => attrs,
        _ => &[],
    }
}

fn attributes_in_impl(item: &ImplItem) -> &[Attribute] {
    match item {
        ImplItem::Const(syn::ImplItemConst { attrs, .. })
        | ImplItem::Fn(syn::ImplItemFn { attrs, .. })
        | ImplItem::Type(syn::ImplItemType { attrs, .. })
        | ImplItem::Macro(syn::ImplItemMacro { attrs, .. }) => attrs,
        _ => &[],
    }
}

fn attributes_in_trait(item: &TraitItem) -> &[Attribute] {
    match item {
        TraitItem::Const(syn::TraitItemConst { attrs, .. })
        | TraitItem::Fn(syn::TraitItemFn { attrs, .. })
        | TraitItem::Type(syn::TraitItemType { attrs, .. })
        | TraitItem::Macro(syn::TraitItemMacro { attrs, .. }) => attrs,
        _ => &[],
    }
}
