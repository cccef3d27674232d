//! `holdpoint:plugin@0.1.0`: generated code, the imports that the host gives, and the answers read
//! into the model.

mod answers;
mod imports;
mod release;

pub(in crate::sandbox) use answers::{IntoModel, fault};
pub(in crate::sandbox) use generated::exports::holdpoint::plugin as exports;
pub(in crate::sandbox) use generated::holdpoint::plugin as interfaces;
pub(in crate::sandbox) use imports::add_to_linker;
pub(in crate::sandbox) use release::{channel, event, release};

mod generated {
    wasmtime::component::bindgen!({
        path: "../wit/since-v0.1.0",
        world: "every-kind",
        imports: {
            "holdpoint:plugin/http.send": async | trappable,
            default: trappable,
        },
        exports: { default: async },
    });
}
