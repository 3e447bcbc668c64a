use crate::kernel::{Distribution, Sampler, StreamKey};
use crate::units::{NANOS_PER_SECOND, SECONDS_PER_HOUR, SimTime};

/// Mean delay of a signature in hours. An assumption: half a working day; no
/// record of signing times was found.
pub const SIGNING_DELAY_HOURS: f64 = 4.0;

/// Proposals of one transaction before it counts as never signed.
const ATTEMPTS: u64 = 1_000;

/// One who signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Signer {
    /// Time from the proposal to the signature, in hours.
    pub delay_h: Distribution,
    /// Probability of being there for a proposal, from 0 to 1.
    pub availability: f64,
    /// When nothing is signed; `None` for one who signs at any hour.
    pub sleep: Option<Sleep>,
}

impl Default for Signer {
    /// One who is always there and signs after [`SIGNING_DELAY_HOURS`] in the
    /// mean (exponential).
    fn default() -> Signer {
        let delay_h = Distribution::Exponential { mean: SIGNING_DELAY_HOURS };
        Signer { delay_h, availability: 1.0, sleep: None }
    }
}

/// The hours of a day in which a signer sleeps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sleep {
    /// Local time less UTC in hours, from -24 to 24.
    pub utc_offset_h: f64,
    /// When it begins, in hours of local time from 0 to 24.
    pub from_h: f64,
    /// How long it lasts in hours, from 0 to below 24.
    pub hours: f64,
}

impl Sleep {
    fn is_possible(&self) -> bool {
        (-24.0..=24.0).contains(&self.utc_offset_h)
            && (0.0..=24.0).contains(&self.from_h)
            && (0.0..24.0).contains(&self.hours)
    }

    /// The first moment from `time` on at which the signer is awake.
    fn awake_from(&self, time: SimTime) -> SimTime {
        let [day, offset, from, hours] =
            [24.0, self.utc_offset_h, self.from_h, self.hours].map(nanos);
        let asleep_for = (time.0 as i128 + offset - from).rem_euclid(day);
        time + SimTime((hours - asleep_for).max(0) as u64)
    }
}

fn nanos(hours: f64) -> i128 {
    libm::round(hours * SECONDS_PER_HOUR as f64 * NANOS_PER_SECOND as f64) as i128
}

/// A multisig wallet: who signs and how many must. Under it every transaction can be
/// executed.
#[derive(Clone, Debug, PartialEq)]
pub struct SafeSetup {
    signers: Vec<Signer>,
    threshold: usize,
    retry_hours: f64,
}

/// Why no transaction of a Safe could ever be executed as set up.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SafeError {
    /// More signatures than signers, or none.
    #[error("{threshold} of {signers} signatures: the threshold lies between 1 and the signers")]
    Threshold {
        /// Signatures asked for.
        threshold: usize,
        /// Signers.
        signers: usize,
    },
    /// Fewer signers are ever available than must sign.
    #[error("only {available} signers are ever available and {threshold} must sign")]
    NeverAvailable {
        /// Signers with an availability above 0.
        available: usize,
        /// Signatures asked for.
        threshold: usize,
    },
    /// Not a probability.
    #[error("an availability of {0}: it lies between 0 and 1")]
    Availability(f64),
    /// Sleep that never ends, or at no time of a day.
    #[error(
        "sleep from {} h for {} h at {} h from UTC: it begins within a day and ends within another",
        .0.from_h, .0.hours, .0.utc_offset_h
    )]
    Sleep(Sleep),
    /// No time, or not a time, between proposals.
    #[error("a retry after {0} hours: it must be above 0")]
    Retry(f64),
}

impl SafeSetup {
    /// A wallet of these signers of which `threshold` must sign; a transaction is proposed
    /// again after `retry_hours` if fewer were available.
    ///
    /// # Errors
    /// [`SafeError`] on a setup under which nothing could be executed.
    pub fn new(
        signers: Vec<Signer>,
        threshold: usize,
        retry_hours: f64,
    ) -> Result<SafeSetup, SafeError> {
        if !(1..=signers.len()).contains(&threshold) {
            return Err(SafeError::Threshold { threshold, signers: signers.len() });
        }
        for signer in &signers {
            if !(0.0..=1.0).contains(&signer.availability) {
                return Err(SafeError::Availability(signer.availability));
            }
            if let Some(sleep) = signer.sleep.filter(|sleep| !sleep.is_possible()) {
                return Err(SafeError::Sleep(sleep));
            }
        }
        let available = signers.iter().filter(|signer| signer.availability > 0.0).count();
        if available < threshold {
            return Err(SafeError::NeverAvailable { available, threshold });
        }
        if retry_hours.is_nan() || retry_hours <= 0.0 {
            return Err(SafeError::Retry(retry_hours));
        }
        Ok(SafeSetup { signers, threshold, retry_hours })
    }

    /// Who signs.
    pub fn signers(&self) -> &[Signer] {
        &self.signers
    }

    /// Signatures a transaction needs.
    pub fn threshold(&self) -> usize {
        self.threshold
    }

    /// Hours after which a transaction is proposed again if fewer than the threshold were
    /// available.
    pub fn retry_hours(&self) -> f64 {
        self.retry_hours
    }
}

/// A [`SafeSetup`] with the randomness of one replication.
#[derive(Clone, Debug)]
pub struct Safe {
    signers: Vec<(Signer, Sampler)>,
    threshold: usize,
    retry: SimTime,
    key: StreamKey,
}

impl Safe {
    /// The Safe of stream `key`.
    pub fn new(setup: &SafeSetup, key: StreamKey) -> Safe {
        let signers = setup.signers.iter().map(|signer| (signer.clone(), signer.delay_h.sampler()));
        let retry = SimTime::from_secs(setup.retry_hours * SECONDS_PER_HOUR as f64);
        Safe { signers: signers.collect(), threshold: setup.threshold, retry, key }
    }

    /// When transaction number `transaction`, proposed at `proposed`, is
    /// executed: when as many available signers as must have signed. A pure
    /// function of its arguments; [`SimTime::NEVER`] where a thousand proposals
    /// in a row find too few signers.
    pub fn execution_time(&self, proposed: SimTime, transaction: u64) -> SimTime {
        let key = self.key.child(transaction);
        let mut proposed = proposed;
        for attempt in 0..ATTEMPTS {
            let mut signatures = self.signatures(proposed, key.child(attempt));
            signatures.sort_unstable();
            if let Some(&executed) = signatures.get(self.threshold - 1) {
                return executed;
            }
            proposed = proposed + self.retry;
        }
        SimTime::NEVER
    }

    fn signatures(&self, proposed: SimTime, key: StreamKey) -> Vec<SimTime> {
        let (presence, delays) = (key.child(0), key.child(1));
        let signature = |((signer, delay), index): (&(Signer, Sampler), u64)| {
            let available = presence.uniform(index) < signer.availability;
            let delay_h = delay.draw(delays, index);
            let ready = proposed + SimTime::from_secs(delay_h * SECONDS_PER_HOUR as f64);
            let signed = signer.sleep.map_or(ready, |sleep| sleep.awake_from(ready));
            available.then_some(signed)
        };
        self.signers.iter().zip(0..).filter_map(signature).collect()
    }
}
