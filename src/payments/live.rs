use crate::network::{LIVE_PIXELS_PER_SECOND, Version};
use crate::units::{NANOS_PER_SECOND, SimTime};

/// Seconds between the payments of a running stream (go-livepeer
/// `-livePaymentInterval`, default 5).
pub const LIVE_PAYMENT_INTERVAL_S: u64 = 5;

/// Seconds after which a running stream's session is refreshed: the last tenth of the
/// 30 minutes its auth token is valid (go-livepeer `server/rpc.go`,
/// `authTokenValidPeriod`; `server/broadcast.go`, `shouldRefreshSession`). The session then
/// has a new id, and with it an empty balance.
pub const AUTH_TOKEN_REFRESH_S: u64 = 27 * 60;

/// Pixels paid when a stream starts or swaps, never credited back: 30 s of
/// 3200 x 1800 at 30 frames up to 0.8.4 (`server/ai_process.go` at v0.8.3), 60 s
/// of the billed size in 0.9 (commit f106930c4).
pub fn live_prepaid_pixels(version: Version) -> u64 {
    match version {
        Version::V0_8_3 | Version::V0_8_4 => 30 * 3200 * 1800 * 30,
        Version::V0_9 => 60 * LIVE_PIXELS_PER_SECOND,
    }
}

/// Pixels paid for so long a stretch of a stream, fractions dropped.
pub fn live_stream_pixels(pixels_per_second: u64, span: SimTime) -> u64 {
    let pixels = u128::from(span.0) * u128::from(pixels_per_second);
    (pixels / u128::from(NANOS_PER_SECOND)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_are_billed_by_the_wall_clock() {
        // live_payment_processor_test.go: 1.5 s are 1.5 * 27,648,000 pixels.
        let span = SimTime::from_secs(1.5);
        assert_eq!(live_stream_pixels(LIVE_PIXELS_PER_SECOND, span), 41_472_000);
        assert_eq!(live_prepaid_pixels(Version::V0_9), 1_658_880_000);
    }
}
