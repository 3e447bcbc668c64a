//! The multisig's delays against order statistics and the clock.

mod common;

use common::mean_and_error;
use orchsim::kernel::{Distribution, StreamKey};
use orchsim::treasury::{SIGNING_DELAY_HOURS, Safe, SafeError, SafeSetup, Signer, Sleep};
use orchsim::units::SimTime;

fn hours(hours: f64) -> SimTime {
    SimTime::from_secs(hours * 3600.0)
}

fn signer(delay_h: Distribution) -> Signer {
    Signer { delay_h, availability: 1.0, sleep: None }
}

fn setup(signer: Signer, signers: usize, threshold: usize) -> SafeSetup {
    SafeSetup::new(vec![signer; signers], threshold, 24.0).unwrap()
}

/// Delays of `count` transactions proposed at the start, in hours.
fn delays(setup: &SafeSetup, count: u64) -> Vec<f64> {
    let safe = Safe::new(setup, StreamKey::root(1));
    (0..count).map(|number| safe.execution_time(SimTime::ZERO, number).as_secs() / 3600.0).collect()
}

/// The m-th smallest of n exponential variables has mean and variance
/// `sum 1 / (n - i)` and `sum 1 / (n - i)^2` over i below m (Rényi).
#[test]
fn exponential_delays_have_their_order_statistics() {
    let mean_h = SIGNING_DELAY_HOURS;
    for (n, m) in [(1, 1), (4, 2), (5, 3), (7, 7)] {
        let setup = setup(signer(Distribution::Exponential { mean: mean_h }), n, m);
        let delays = delays(&setup, 50_000);
        let (mean, error) = mean_and_error(&delays);
        let terms = (0..m).map(|i| mean_h / (n - i) as f64);
        let expected: f64 = terms.clone().sum();
        assert!((mean - expected).abs() < 3.5 * error, "{m} of {n}: {mean}, theory {expected}");
        let spread: f64 = terms.map(|term| term * term).sum::<f64>().sqrt();
        let ratio = error * (delays.len() as f64).sqrt() / spread;
        assert!((ratio - 1.0).abs() < 0.03, "{m} of {n}: spread {ratio}");
    }
}

/// With n signers of availability a and no delay, the number of retries is
/// geometric with the binomial probability that at least m are there.
#[test]
fn too_few_signers_wait_for_the_retry() {
    let rare = Signer { availability: 0.4, ..signer(Distribution::Constant(0.0)) };
    let setup = setup(rare, 4, 2);
    let (mean, error) = mean_and_error(&delays(&setup, 50_000));
    let enough: f64 = 1.0 - 0.6f64.powi(4) - 4.0 * 0.4 * 0.6f64.powi(3);
    let expected = 24.0 * (1.0 - enough) / enough;
    assert!((mean - expected).abs() < 3.5 * error, "{mean}, theory {expected}");
}

#[test]
fn a_sleeping_signer_signs_on_waking() {
    // Asleep from 23:00 for 8 hours at UTC-8: from 07:00 to 15:00 UTC.
    let sleep = Sleep { utc_offset_h: -8.0, from_h: 23.0, hours: 8.0 };
    let sleeper = Signer { sleep: Some(sleep), ..signer(Distribution::Constant(2.0)) };
    let safe = Safe::new(&setup(sleeper, 1, 1), StreamKey::root(2));
    for (proposed, executed) in [
        (0.0, 2.0),
        (4.5, 6.5),
        (5.0, 15.0),
        (9.0, 15.0),
        (12.999, 15.0),
        (13.0, 15.0),
        (13.5, 15.5),
    ] {
        for day in [0.0, 24.0, 24.0 * 200.0] {
            let time = safe.execution_time(hours(proposed + day), 0);
            assert_eq!(time, hours(executed + day), "proposed at {proposed} h of day {day}");
        }
    }
}

/// One of two who sleep in turns is always awake; both are not.
#[test]
fn signers_around_the_world_cover_for_each_other() {
    let asleep = |utc_offset_h| Signer {
        sleep: Some(Sleep { utc_offset_h, from_h: 22.0, hours: 8.0 }),
        ..signer(Distribution::Constant(0.0))
    };
    let signers = vec![asleep(0.0), asleep(12.0)];
    let safe = |threshold| {
        let setup = SafeSetup::new(signers.clone(), threshold, 1.0).unwrap();
        Safe::new(&setup, StreamKey::root(3))
    };
    let (any, both) = (safe(1), safe(2));
    for quarter in 0..96 {
        let proposed = hours(f64::from(quarter) / 4.0);
        assert_eq!(any.execution_time(proposed, 0), proposed);
        // 22:00 to 06:00 UTC the first sleeps, 10:00 to 18:00 the second.
        let expected = match f64::from(quarter) / 4.0 {
            hour if hour >= 22.0 => hours(30.0),
            hour if hour < 6.0 => hours(6.0),
            hour if (10.0..18.0).contains(&hour) => hours(18.0),
            hour => hours(hour),
        };
        assert_eq!(both.execution_time(proposed, 0), expected);
    }
}

#[test]
fn nothing_is_executed_before_it_is_proposed() {
    let sleep = Sleep { utc_offset_h: 5.5, from_h: 21.0, hours: 9.0 };
    let drowsy = Signer {
        delay_h: Distribution::Lognormal { mean: 3.0, cv: 2.0 },
        availability: 0.5,
        sleep: Some(sleep),
    };
    let safe = Safe::new(&setup(drowsy, 4, 2), StreamKey::root(4));
    for number in 0..10_000 {
        let proposed = hours(number as f64 * 0.37);
        let executed = safe.execution_time(proposed, number);
        assert!(executed >= proposed && executed < SimTime::NEVER);
        assert_eq!(executed, safe.execution_time(proposed, number));
    }
}

#[test]
fn a_safe_that_can_never_sign_is_refused() {
    let refused = |threshold, retry_hours, change: &dyn Fn(&mut [Signer])| {
        let mut signers = vec![signer(Distribution::Constant(1.0)); 4];
        change(&mut signers);
        SafeSetup::new(signers, threshold, retry_hours).err()
    };
    let as_is = |_: &mut [Signer]| ();
    assert_eq!(refused(2, 24.0, &as_is), None);
    for threshold in [0, 5] {
        let expected = SafeError::Threshold { threshold, signers: 4 };
        assert_eq!(refused(threshold, 24.0, &as_is), Some(expected));
    }
    let absent = refused(2, 24.0, &|all| all[1..].iter_mut().for_each(|s| s.availability = 0.0));
    assert_eq!(absent, Some(SafeError::NeverAvailable { available: 1, threshold: 2 }));
    let likely = refused(2, 24.0, &|all| all[3].availability = 1.5);
    assert_eq!(likely, Some(SafeError::Availability(1.5)));
    for (utc_offset_h, from_h, hours) in
        [(0.0, 0.0, 24.0), (0.0, -1.0, 8.0), (f64::INFINITY, 0.0, 8.0)]
    {
        let sleep = Sleep { utc_offset_h, from_h, hours };
        let error = refused(2, 24.0, &|all| all[0].sleep = Some(sleep));
        assert!(matches!(error, Some(SafeError::Sleep(_))), "{error:?}");
    }
    assert_eq!(refused(2, 0.0, &as_is), Some(SafeError::Retry(0.0)));
}
