/// The settings of a plugin that has nothing to set: `{}`.
#[crate::settings]
pub struct NoSettings {}
