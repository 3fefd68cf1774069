//! Tokens as text: what counts of them, and which other code they name.

use super::manifest::Manifest;
use super::modules::Module;
use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// Attributes that do not change what code computes.
const DROPPED: [&str; 8] = ["doc", "expect", "allow", "warn", "deny", "forbid", "must_use", "rustfmt"];
/// The macros that read a file when code is built.
const INCLUDES: [&str; 3] = ["include", "include_str", "include_bytes"];

/// Writes tokens into a module.
pub struct Writer<'a> {
    member: &'a Manifest,
    path: &'a str,
    module: &'a mut Module,
    /// The files that the written code includes, as it names them.
    pub included: Vec<String>,
}

impl<'a> Writer<'a> {
    /// Writes into the module at `path` of a crate.
    pub fn new(member: &'a Manifest, path: &'a str, module: &'a mut Module) -> Self {
        Self { member, path, module, included: Vec::new() }
    }

    /// Writes all tokens but those of attributes that do not count.
    ///
    /// The text can be read as Rust again, so other tokens give another text. Doc comments are attributes by now.
    pub fn write(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += match &tokens[at..] {
                [sign, TokenTree::Group(group), ..] if is(sign, '#') && is_dropped(group) => 2,
                [sign, inner, TokenTree::Group(group), ..]
                    if is(sign, '#') && is(inner, '!') && is_dropped(group) =>
                {
                    3
                }
                _ => {
                    let is_start = at < 2 || !is(&tokens[at - 1], ':') || !is(&tokens[at - 2], ':');
                    self.note(&tokens[at..], is_start);
                    self.token(&tokens[at]);
                    1
                }
            };
        }
    }

    fn token(&mut self, token: &TokenTree) {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Parenthesis => ("( ", ") "),
                    Delimiter::Brace => ("{ ", "} "),
                    Delimiter::Bracket => ("[ ", "] "),
                    Delimiter::None => ("", ""),
                };
                self.module.text.push_str(open);
                self.write(group.stream());
                self.module.text.push_str(close);
            }
            TokenTree::Punct(sign) => {
                self.module.text.push(sign.as_char());
                if sign.spacing() == Spacing::Alone {
                    self.module.text.push(' ');
                }
            }
            TokenTree::Ident(_) | TokenTree::Literal(_) => {
                self.module.text.push_str(&token.to_string());
                self.module.text.push(' ');
            }
        }
    }

    /// Notes the file that is included, or the path that is named, at the start of `tokens`.
    fn note(&mut self, tokens: &[TokenTree], is_start: bool) {
        let [TokenTree::Ident(first), rest @ ..] = tokens else { return };
        let first = first.to_string();
        if let [sign, TokenTree::Group(group), ..] = rest
            && is(sign, '!')
            && INCLUDES.contains(&first.as_str())
        {
            let name = syn::parse2::<syn::LitStr>(group.stream());
            self.included.extend(name.map(|name| name.value()));
        }
        // `::name` too means a crate, wherever it stands.
        if !is_start && !self.member.called.contains_key(&first) {
            return;
        }
        let own = self.member.name.clone();
        match (first.as_str(), path_goes_on(rest)) {
            ("crate", Some(rest)) => self.path(&own, "", rest),
            ("self", Some(rest)) => self.path(&own, self.path, rest),
            ("super", Some(mut rest)) => {
                let mut above = parent(self.path);
                while let [TokenTree::Ident(next), more @ ..] = rest
                    && next == "super"
                    && let Some(more) = path_goes_on(more)
                {
                    above = parent(above);
                    rest = more;
                }
                self.path(&own, above, rest);
            }
            (name, rest) => match (self.member.called.get(name).cloned(), rest) {
                (Some(package), Some(rest)) => self.path(&package, "", rest),
                (Some(package), None) => self.add(package, String::new()),
                (None, Some(_)) => {
                    self.module.nearby.insert(join(self.path, name));
                }
                (None, None) => {}
            },
        }
    }

    /// Notes the paths that go on from `base`: one, or a tree in braces.
    fn path(&mut self, package: &str, base: &str, tokens: &[TokenTree]) {
        match tokens {
            [TokenTree::Ident(name), rest @ ..] => {
                let path = join(base, &name.to_string());
                match path_goes_on(rest) {
                    Some(rest) => self.path(package, &path, rest),
                    None => self.add(package.to_owned(), path),
                }
            }
            [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Brace => {
                let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in tokens.split(|token| is(token, ',')) {
                    self.path(package, base, part);
                }
            }
            _ => self.add(package.to_owned(), base.to_owned()),
        }
    }

    fn add(&mut self, package: String, path: String) {
        self.module.names.insert((package, path));
    }
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// What follows `::`.
fn path_goes_on(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [first, second, rest @ ..] if is(first, ':') && is(second, ':') => Some(rest),
        _ => None,
    }
}

fn is_dropped(attribute: &Group) -> bool {
    let first = attribute.stream().into_iter().next();
    attribute.delimiter() == Delimiter::Bracket
        && matches!(first, Some(TokenTree::Ident(name)) if DROPPED.iter().any(|dropped| name == dropped))
}

fn parent(path: &str) -> &str {
    path.rfind("::").map_or("", |at| &path[..at])
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}::{name}") }
}
