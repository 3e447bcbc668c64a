use std::fmt;

use serde::{Deserialize, Serialize};

/// How requests are simulated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// One by one.
    #[default]
    Exact,
    /// Where a model has many, some of them for all (see
    /// [`Pace`](crate::demand::Pace)).
    Aggregate,
}

impl Mode {
    /// Every mode with its name.
    pub const NAMES: [(&'static str, Mode); 2] =
        [("exact", Mode::Exact), ("aggregate", Mode::Aggregate)];
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Mode::NAMES.iter().find(|(_, mode)| mode == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}
