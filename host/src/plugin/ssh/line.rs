use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::error::SignersProblem;
use super::instant::seconds;
use super::key::{CERTIFICATE_SUFFIX, Key};
use super::pattern::PATTERN_BYTES_MAX;
use super::wire::Wire;
use crate::model::Text;

/// What stands between the fields of a line.
const BLANK: [char; 2] = [' ', '\t'];

/// What the names of types of keys begin with. No option begins so.
const TYPE_BEGINNINGS: [&str; 5] = ["ssh-", "ecdsa-", "sk-ssh-", "sk-ecdsa-", "webauthn-"];

/// One line of a list of signers.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: usize,
    /// Patterns of the principals that it is about.
    pub(super) principals: String,
    /// Patterns of the namespaces that it holds for; all without them.
    pub(super) namespaces: Option<String>,
    /// Whether the key is that of a certificate authority.
    pub(super) is_authority: bool,
    pub(super) valid_after: Option<i64>,
    pub(super) valid_before: Option<i64>,
    pub(super) key: Key,
}

/// The options of a line.
#[derive(Default)]
struct Options {
    is_authority: bool,
    namespaces: Option<String>,
    valid_after: Option<i64>,
    valid_before: Option<i64>,
}

impl Line {
    /// Reads a line; none of one that is empty or a comment.
    pub(super) fn read(number: usize, text: &str) -> Result<Option<Self>, SignersProblem> {
        let text = text.trim_start_matches([' ', '\t', '\r']);
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (principals, rest) = principals(text)?;
        let is_any = |pattern: &str| !pattern.is_empty() && !pattern.starts_with('!');
        if !principals.split(',').any(is_any) {
            return Err(SignersProblem::NoPrincipal);
        }
        let (options, rest) = if TYPE_BEGINNINGS.iter().any(|name| rest.starts_with(name)) {
            (Options::default(), rest)
        } else {
            let end = end_of_options(rest)?;
            let (options, rest) = rest.split_at(end);
            (Options::read(options)?, rest.trim_start_matches(BLANK))
        };
        check_patterns(principals)?;
        check_patterns(options.namespaces.as_deref().unwrap_or_default())?;
        Ok(Some(Self {
            number,
            principals: principals.to_owned(),
            namespaces: options.namespaces,
            is_authority: options.is_authority,
            valid_after: options.valid_after,
            valid_before: options.valid_before,
            key: key(rest)?,
        }))
    }
}

/// The principals, which may stand in quotes, and what follows them.
fn principals(text: &str) -> Result<(&str, &str), SignersProblem> {
    let (principals, rest) = match text.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"').ok_or(SignersProblem::Quote)?,
        None => text.split_at(text.find(BLANK).ok_or(SignersProblem::NoKey)?),
    };
    match rest.trim_start_matches(BLANK) {
        "" => Err(SignersProblem::NoKey),
        left if left.len() < rest.len() => Ok((principals, left)),
        _ => Err(SignersProblem::Quote),
    }
}

/// Where the options end: at the first space outside of quotes.
fn end_of_options(text: &str) -> Result<usize, SignersProblem> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    for (index, character) in text.char_indices() {
        if is_escaped && character == '"' {
            is_escaped = false;
            continue;
        }
        is_escaped = character == '\\';
        match character {
            '"' => is_quoted = !is_quoted,
            ' ' | '\t' if !is_quoted => return Ok(index),
            _ => {}
        }
    }
    Err(if is_quoted {
        SignersProblem::Quote
    } else {
        SignersProblem::NoKey
    })
}

impl Options {
    fn read(mut text: &str) -> Result<Self, SignersProblem> {
        let mut options = Self::default();
        loop {
            let end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let unknown = || SignersProblem::Option(Text::from(name));
            let value = rest.strip_prefix('=');
            text = match (name.to_ascii_lowercase().as_str(), value) {
                ("cert-authority", None) => {
                    options.is_authority = true;
                    rest
                }
                ("namespaces", Some(value)) => {
                    let (value, rest) = unquote("namespaces", value)?;
                    set("namespaces", &mut options.namespaces, Some(value))?;
                    rest
                }
                ("valid-after", Some(value)) => {
                    let (value, rest) = unquote("valid-after", value)?;
                    set("valid-after", &mut options.valid_after, seconds(&value))?;
                    rest
                }
                ("valid-before", Some(value)) => {
                    let (value, rest) = unquote("valid-before", value)?;
                    set("valid-before", &mut options.valid_before, seconds(&value))?;
                    rest
                }
                _ => return Err(unknown()),
            };
            if text.is_empty() {
                break;
            }
            text = text
                .strip_prefix(',')
                .ok_or_else(|| SignersProblem::Option(Text::from(text)))?;
        }
        match (options.valid_after, options.valid_before) {
            (Some(after), Some(before)) if before <= after => Err(SignersProblem::Backwards),
            _ => Ok(options),
        }
    }
}

fn set<T>(
    name: &'static str,
    place: &mut Option<T>,
    value: Option<T>,
) -> Result<(), SignersProblem> {
    if place.is_some() {
        return Err(SignersProblem::Twice(name));
    }
    *place = Some(value.ok_or(SignersProblem::Time(name))?);
    Ok(())
}

/// A value in double quotes, in which `\"` stands for a quote, and what follows it.
fn unquote<'a>(name: &'static str, text: &'a str) -> Result<(String, &'a str), SignersProblem> {
    let mut rest = text
        .strip_prefix('"')
        .ok_or(SignersProblem::Unquoted(name))?;
    let mut value = String::new();
    loop {
        if let Some(after) = rest.strip_prefix("\\\"") {
            value.push('"');
            rest = after;
            continue;
        }
        let mut characters = rest.chars();
        match characters.next() {
            None => return Err(SignersProblem::Quote),
            Some('"') => return Ok((value, characters.as_str())),
            Some(character) => value.push(character),
        }
        rest = characters.as_str();
    }
}

fn check_patterns(list: &str) -> Result<(), SignersProblem> {
    if list
        .split(',')
        .any(|pattern| pattern.len() > PATTERN_BYTES_MAX)
    {
        return Err(SignersProblem::LongPattern);
    }
    Ok(())
}

/// The key: the name of its type, its base64, and a comment that says nothing.
fn key(text: &str) -> Result<Key, SignersProblem> {
    let mut fields = text.split(BLANK).filter(|field| !field.is_empty());
    let (Some(name), Some(base64)) = (fields.next(), fields.next()) else {
        return Err(SignersProblem::NoKey);
    };
    if name.ends_with(CERTIFICATE_SUFFIX) {
        return Err(SignersProblem::Certificate);
    }
    let blob = STANDARD
        .decode(base64)
        .map_err(|_| SignersProblem::NotBase64)?;
    if Wire::new(&blob).text() != Some(name) {
        return Err(SignersProblem::OtherType(Text::from(name)));
    }
    Key::read(&blob).map_err(SignersProblem::Key)
}
