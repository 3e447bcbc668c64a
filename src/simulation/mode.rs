use std::fmt;

use serde::{Deserialize, Serialize};

use crate::text::name_of;

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
        f.write_str(name_of(&Mode::NAMES, self))
    }
}
