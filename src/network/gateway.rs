use super::{AcceptanceLimits, LIVE_PIXELS_PER_SECOND, Resolution, SelectionRule};
use crate::units::PostedPrice;

/// The go-livepeer release a node runs. Behaviour changed materially in February
/// and March 2025.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// 0.8.2 and 0.8.3 (22 and 30 January 2025).
    V0_8_3,
    /// 0.8.4 (19 March 2025), and 0.8.5 and 0.8.6 but for what these pay ahead for
    /// live video: 10 s, then 15 s, not 30 s (#3515, #3631).
    V0_8_4,
    /// 0.8.7 (5 September 2025, the first with `LiveSelectionAlgorithm`, #3678)
    /// and later (to 0.9.1, August 2026).
    V0_9,
}

impl Version {
    /// Every version with the name a scenario uses.
    pub const NAMES: [(&'static str, Version); 3] =
        [("0.8.3", Version::V0_8_3), ("0.8.4", Version::V0_8_4), ("0.9", Version::V0_9)];

    /// The name a scenario uses.
    pub fn name(self) -> &'static str {
        match self {
            Version::V0_8_3 => "0.8.3",
            Version::V0_8_4 => "0.8.4",
            Version::V0_9 => "0.9",
        }
    }

    /// Which of them a release is like, given as nodes tell it: `0.8.8-83ea085f`.
    /// `None` where it does not begin with a number.
    pub fn of_release(release: &str) -> Option<Version> {
        let mut parts = release.trim_start_matches('v').split(['.', '-', '+']);
        let major: u32 = parts.next()?.parse().ok()?;
        let [minor, patch] =
            [parts.next(), parts.next()].map(|part| part.and_then(|part| part.parse().ok()));
        let number: (u32, u32, u32) = (major, minor.unwrap_or(0), patch.unwrap_or(0));
        Some(match number {
            _ if number < (0, 8, 4) => Version::V0_8_3,
            _ if number < (0, 8, 7) => Version::V0_8_4,
            _ => Version::V0_9,
        })
    }

    /// Submissions one request may make: unlimited inside the retry window
    /// before commit ae7bf728d (26 February 2025), 20 since.
    pub fn max_tries(self) -> u32 {
        match self {
            Version::V0_8_3 => u32::MAX,
            Version::V0_8_4 | Version::V0_9 => 20,
        }
    }

    /// Whether an orchestrator without a free place for a model of live video keeps
    /// silent when it is discovered: since #3423 (26 February 2025).
    pub fn hides_when_full(self) -> bool {
        self >= Version::V0_8_4
    }

    /// Whether submission errors fall into classes (0.8.4); before, any error
    /// removes the session.
    pub fn has_error_classes(self) -> bool {
        self >= Version::V0_8_4
    }

    /// Whether an orchestrator of it stops a live stream that is not paid for: not
    /// between commits 5a756c44a (19 December 2024) and f106930c4 (24 June 2025).
    pub fn stops_unpaid_streams(self) -> bool {
        self >= Version::V0_9
    }

    /// The pixels that a second of a stream is billed as: until commit f106930c4
    /// (24 June 2025) those of the picture it was probed to have, since then those of
    /// 720p30.
    pub fn live_pixels_per_second(self, probed: Resolution) -> u64 {
        match self {
            Version::V0_8_3 | Version::V0_8_4 => probed.pixels_per_second(),
            Version::V0_9 => LIVE_PIXELS_PER_SECOND,
        }
    }

    /// Whether a refresh leaves suspended orchestrators out. Before commit
    /// 39db9b695 (18 February 2025) they came back at the next refresh.
    pub fn honours_suspension(self) -> bool {
        self >= Version::V0_8_4
    }

    /// Whether a refresh updates what is known of a session it already has
    /// (price, latency).
    pub fn refresh_updates_sessions(self) -> bool {
        self >= Version::V0_8_4
    }
}

/// The weights of go-livepeer's selection probability; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SelectionWeights {
    /// Weight of the stake share (`-selectStakeWeight`, default 0.7).
    pub stake: f64,
    /// Weight of the price term (`-selectPriceWeight`, default 0).
    pub price: f64,
    /// Weight of an even draw (`-selectRandFreq`, default 0.3).
    pub random: f64,
}

/// A gateway: the node that holds deposits, selects orchestrators and pays.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The name a scenario refers to it by.
    pub id: String,
    /// Where it runs, an index into the regions.
    pub region: usize,
    /// The release it runs.
    pub version: Version,
    /// How it picks among free sessions.
    pub selection: SelectionRule,
    /// Weights of the selection probability.
    pub weights: SelectionWeights,
    /// `-selectPriceExpFactor`, in wei per unit; default 100.
    pub price_exp_factor: f64,
    /// `-minPerfScore`, 0 to 1; 0 turns the filter off.
    pub min_perf_score: f64,
    /// `-ignoreMaxPriceIfNeeded`: serve at any price where nobody is below
    /// the maximum.
    pub ignore_max_price: bool,
    /// For each model, the highest price it pays per billing unit; `None`
    /// means any price.
    pub max_price: Vec<Option<PostedPrice>>,
    /// First checkpoint of a discovery, in seconds (`-discoveryTimeout`,
    /// default 0.5).
    pub discovery_timeout_s: f64,
    /// What tickets it is willing to send.
    pub limits: AcceptanceLimits,
    /// For how long after its start a failed request is tried again, in
    /// seconds (`-aiProcessingRetryTimeout`, default 2).
    pub retry_window_s: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_count_by_number() {
        for (release, version) in [
            ("0.7.8-1.2.4-2e3fae7a", Version::V0_8_3),
            ("0.8.3", Version::V0_8_3),
            ("v0.8.4", Version::V0_8_4),
            ("0.8.6", Version::V0_8_4),
            ("0.8.7", Version::V0_9),
            ("0.8.10-83ea085f", Version::V0_9),
            ("0.9", Version::V0_9),
            ("1.0.0", Version::V0_9),
        ] {
            assert_eq!(Version::of_release(release), Some(version), "{release}");
        }
        assert_eq!(Version::of_release("undefined"), None);
    }
}
