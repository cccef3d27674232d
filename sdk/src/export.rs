/// Makes a type the plugin of this crate, of the kinds that are named.
///
/// The kinds are `policy`, `risk`, `resource`, `document`, `notify`, `action` and `verify`; the type
/// implements the trait of each, and `plugin.toml` names the same ones. Natively, where tests run,
/// only the traits are checked.
///
/// ```
/// use holdpoint_sdk::{Assessment, Fault, Finding, NoSettings, Plugin, Policy, Release, Risk};
///
/// struct Both;
///
/// impl Plugin for Both {
///     type Settings = NoSettings;
/// }
///
/// impl Policy for Both {
///     fn check(_: &Release, _: &NoSettings) -> Result<Vec<Finding>, Fault> {
///         Ok(Vec::new())
///     }
/// }
///
/// impl Risk for Both {
///     fn assess(release: &Release, _: &NoSettings) -> Result<Assessment, Fault> {
///         Ok(Assessment { magnitude: release.totals.files.into(), factors: Vec::new() })
///     }
/// }
///
/// holdpoint_sdk::export!(Both: policy, risk);
/// ```
#[macro_export]
macro_rules! export {
    ($plugin:ty: $($kind:ident),+ $(,)?) => {
        $($crate::__once!($kind);)+
        const _: () = {
            $($crate::__export_kind!($kind, $plugin);)+
            $crate::__describe!($plugin);
        };
    };
    ($plugin:ty $(:)?) => {
        ::core::compile_error!(::core::concat!(
            "name the kinds that the plugin is, such as `export!(",
            ::core::stringify!($plugin),
            ": policy)`"
        ));
    };
}

/// Names an item after the kind, so that a second one is told apart from the first by its name.
#[doc(hidden)]
#[macro_export]
macro_rules! __once {
    (policy) => {
        $crate::__once!(only_one_type_can_be_the_policy,);
    };
    (risk) => {
        $crate::__once!(only_one_type_can_be_the_risk,);
    };
    (resource) => {
        $crate::__once!(only_one_type_can_be_the_resource,);
    };
    (document) => {
        $crate::__once!(only_one_type_can_be_the_document,);
    };
    (notify) => {
        $crate::__once!(only_one_type_can_be_the_notify,);
    };
    (action) => {
        $crate::__once!(only_one_type_can_be_the_action,);
    };
    (verify) => {
        $crate::__once!(only_one_type_can_be_the_verify,);
    };
    ($unknown:ident) => {};
    ($name:ident,) => {
        #[allow(
            dead_code,
            non_camel_case_types,
            reason = "its name is all there is to it: what the compiler says when it is there twice"
        )]
        #[doc(hidden)]
        enum $name {}
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_kind {
    (policy, $plugin:ty) => {
        $crate::__export_kind!(policy, $plugin, Policy, export_policy);
    };
    (risk, $plugin:ty) => {
        $crate::__export_kind!(risk, $plugin, Risk, export_risk);
    };
    (resource, $plugin:ty) => {
        $crate::__export_kind!(resource, $plugin, Resource, export_resource);
    };
    (document, $plugin:ty) => {
        $crate::__export_kind!(document, $plugin, Document, export_document);
    };
    (notify, $plugin:ty) => {
        $crate::__export_kind!(notify, $plugin, Notify, export_notify);
    };
    (action, $plugin:ty) => {
        $crate::__export_kind!(action, $plugin, Action, export_action);
    };
    (verify, $plugin:ty) => {
        $crate::__export_kind!(verify, $plugin, Verify, export_verify);
    };
    ($kind:ident, $plugin:ty) => {
        ::core::compile_error!(::core::concat!(
            "`",
            ::core::stringify!($kind),
            "` is not a kind: expected policy, risk, resource, document, notify, action or verify"
        ));
    };
    ($module:ident, $plugin:ty, $kind:ident, $export:ident) => {
        const _: () = {
            const fn is_of_the_kind<P: $crate::$kind>() {}
            is_of_the_kind::<$plugin>();

            #[cfg(target_family = "wasm")]
            type Exported = $crate::private::Exported<$plugin>;
            #[cfg(target_family = "wasm")]
            $crate::private::bindings::$module::$export!(
                Exported with_types_in $crate::private::bindings::$module
            );
        };
    };
}

/// Adds the export from which the build reads the settings schema. Which of the two definitions
/// counts is decided by the features of this crate, not of the plugin's.
#[cfg(feature = "describe")]
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($plugin:ty) => {
        #[unsafe(no_mangle)]
        extern "C" fn holdpoint_describe() -> u64 {
            $crate::private::describe::<<$plugin as $crate::Plugin>::Settings>()
        }
    };
}

#[cfg(not(feature = "describe"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __describe {
    ($plugin:ty) => {};
}
