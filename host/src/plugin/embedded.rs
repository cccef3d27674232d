/// A standard plugin, built when the host was built.
struct Embedded {
    /// The name in its manifest.
    name: &'static str,
    /// The component.
    component: &'static [u8],
}

/// Written by the build script, ordered by name.
static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// The component of a standard plugin; none when no standard plugin has that name.
#[must_use]
pub fn embedded(name: &str) -> Option<&'static [u8]> {
    EMBEDDED
        .iter()
        .find(|embedded| embedded.name == name)
        .map(|embedded| embedded.component)
}

/// The names of the standard plugins, in order.
pub fn embedded_names() -> impl Iterator<Item = &'static str> {
    EMBEDDED.iter().map(|embedded| embedded.name)
}
