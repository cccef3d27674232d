//! What wit-bindgen makes of the WIT package. Nothing here is for authors: what they need is listed
//! by hand in the crate's root.
//!
//! The imports are generated once. Each kind is generated on its own and shares the types of the
//! imports, so that a plugin exports the kinds that it names and no others.

/// Every capability. Those that a plugin does not call are pruned when it is linked.
#[allow(
    missing_docs,
    clippy::pedantic,
    clippy::style,
    clippy::complexity,
    reason = "wit-bindgen writes this code, and documents it from the WIT package where it can"
)]
pub mod imports {
    wit_bindgen::generate!({
        path: "../wit/since-v0.1.0",
        world: "capabilities",
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq],
    });
}

/// Generates the bindings of one kind.
macro_rules! kind {
    ($module:ident, $macro_name:literal, $place:literal, $world:literal, $inline:literal) => {
        #[allow(
            missing_docs,
            clippy::pedantic,
            clippy::style,
            clippy::complexity,
            reason = "wit-bindgen writes this code, and documents it from the WIT package where it can"
        )]
        pub mod $module {
            wit_bindgen::generate!({
                path: "../wit/since-v0.1.0",
                inline: $inline,
                world: $world,
                with: {
                    "holdpoint:plugin/model@0.1.0":
                        crate::private::bindings::imports::holdpoint::plugin::model,
                },
                pub_export_macro: true,
                export_macro_name: $macro_name,
                default_bindings_module: $place,
                additional_derives: [PartialEq],
            });
        }
    };
}

kind!(
    policy,
    "export_policy",
    "::holdpoint_sdk::private::bindings::policy",
    "policy-plugin",
    "package holdpoint:sdk; world policy-plugin { export holdpoint:plugin/policy@0.1.0; }"
);

kind!(
    risk,
    "export_risk",
    "::holdpoint_sdk::private::bindings::risk",
    "risk-plugin",
    "package holdpoint:sdk; world risk-plugin { export holdpoint:plugin/risk@0.1.0; }"
);

kind!(
    resource,
    "export_resource",
    "::holdpoint_sdk::private::bindings::resource",
    "resource-plugin",
    "package holdpoint:sdk; world resource-plugin { export holdpoint:plugin/%resource@0.1.0; }"
);

kind!(
    document,
    "export_document",
    "::holdpoint_sdk::private::bindings::document",
    "document-plugin",
    "package holdpoint:sdk; world document-plugin { export holdpoint:plugin/document@0.1.0; }"
);

kind!(
    notify,
    "export_notify",
    "::holdpoint_sdk::private::bindings::notify",
    "notify-plugin",
    "package holdpoint:sdk; world notify-plugin { export holdpoint:plugin/notify@0.1.0; }"
);

kind!(
    action,
    "export_action",
    "::holdpoint_sdk::private::bindings::action",
    "action-plugin",
    "package holdpoint:sdk; world action-plugin { export holdpoint:plugin/action@0.1.0; }"
);

kind!(
    verify,
    "export_verify",
    "::holdpoint_sdk::private::bindings::verify",
    "verify-plugin",
    "package holdpoint:sdk; world verify-plugin { export holdpoint:plugin/verify@0.1.0; }"
);
