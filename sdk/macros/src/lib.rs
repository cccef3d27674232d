//! The attribute macros of `holdpoint-sdk`, which re-exports them.

use proc_macro::{TokenStream, TokenTree};

/// Makes a struct or an enum a type that settings are read into, with a JSON Schema that lands in
/// the plugin's manifest.
///
/// It derives `Clone`, `Debug`, `Deserialize`, `Serialize` and `JsonSchema`. Names are kebab-case in
/// JSON, and a key that is not known is an error. Documentation comments become descriptions.
/// Attributes of serde and schemars may follow: `#[serde(default)]` on a struct that implements
/// `Default` makes every key optional and puts the defaults into the schema.
#[proc_macro_attribute]
pub fn settings(arguments: TokenStream, item: TokenStream) -> TokenStream {
    if !arguments.is_empty() {
        return compile_error("`settings` takes no arguments: use #[serde(…)] below it");
    }
    let is_enum = item.clone().into_iter().find_map(|token| match token {
        TokenTree::Ident(word) => match word.to_string().as_str() {
            "struct" => Some(false),
            "enum" => Some(true),
            _ => None,
        },
        _ => None,
    });
    let fields = match is_enum {
        None => return compile_error("`settings` is for structs and enums"),
        Some(true) => r#"rename_all_fields = "kebab-case","#,
        Some(false) => "",
    };
    let attributes = format!(
        r#"#[derive(
            ::core::clone::Clone,
            ::core::fmt::Debug,
            ::holdpoint_sdk::private::serde::Deserialize,
            ::holdpoint_sdk::private::serde::Serialize,
            ::holdpoint_sdk::private::schemars::JsonSchema,
        )]
        #[serde(
            crate = "::holdpoint_sdk::private::serde",
            rename_all = "kebab-case",
            {fields}
            deny_unknown_fields,
        )]
        #[schemars(crate = "::holdpoint_sdk::private::schemars")]"#
    );
    match attributes.parse::<TokenStream>() {
        Ok(mut tokens) => {
            tokens.extend(item);
            tokens
        }
        Err(error) => compile_error(&error.to_string()),
    }
}

fn compile_error(message: &str) -> TokenStream {
    format!("::core::compile_error!({message:?});")
        .parse()
        .unwrap_or_default()
}
