use wasmparser::{Parser, Payload};

use crate::ReadError;
use crate::stamp::damaged;

/// How many modules and components a component has in it, however deep, counted up to
/// `parts_max + 1`. The time and the memory that it takes to compile them grow faster than their
/// number.
///
/// # Errors
///
/// When the bytes are not WebAssembly.
pub fn count_parts(component: &[u8], parts_max: usize) -> Result<usize, ReadError> {
    let mut parts = 0;
    for payload in Parser::new(0).parse_all(component) {
        if let Payload::ModuleSection { .. } | Payload::ComponentSection { .. } =
            payload.map_err(|error| damaged(component, &error))?
        {
            parts += 1;
            if parts > parts_max {
                break;
            }
        }
    }
    Ok(parts)
}
