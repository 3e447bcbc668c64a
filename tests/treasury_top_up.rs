//! Division of a top-up over gateways, to the wei.

use orchsim::treasury::{GatewayFunds, RESERVE, TopUp, TopUpRule, TopUps, apportion};
use orchsim::units::Wei;
use proptest::prelude::*;

const ETH: u128 = 1_000_000_000_000_000_000;

fn funds(deposit: u128, spend_per_day: u128) -> GatewayFunds {
    GatewayFunds { free_deposit: Wei(deposit), reserve: RESERVE, spend_per_day: Wei(spend_per_day) }
}

/// What each deposit gets of `amount` where all reserves are full.
fn deposits(rule: TopUpRule, amount: u128, gateways: &[GatewayFunds]) -> Vec<u128> {
    let top_ups = TopUps { rule, reserve: RESERVE }.divide(Wei(amount), gateways);
    assert!(top_ups.iter().all(|top_up| top_up.reserve == Wei(0)));
    top_ups.iter().map(|top_up| top_up.deposit.0).collect()
}

#[test]
fn remainders_go_to_the_largest_and_then_the_first() {
    // Quotas of 10: 3.5, 3.5 and 3; then 4.29, 4.29 and 1.43.
    let parts = |amount, weights: &[u128]| -> Vec<u128> {
        apportion(Wei(amount), weights).into_iter().map(|part| part.0).collect()
    };
    assert_eq!(parts(10, &[35, 35, 30]), [4, 3, 3]);
    assert_eq!(parts(10, &[3, 3, 1]), [4, 4, 2]);
    assert_eq!(parts(10, &[0, 0, 0]), [4, 3, 3]);
    assert!(parts(10, &[]).is_empty());
    // Weights as large as amounts of wei can be.
    assert_eq!(parts(9 * ETH, &[u128::MAX, u128::MAX / 2]), [6 * ETH, 3 * ETH]);
}

#[test]
fn shares_and_spend_are_proportions() {
    let gateways = [funds(5, 300), funds(0, 100), funds(9, 0)];
    assert_eq!(deposits(TopUpRule::Shares(vec![1, 1, 2]), 400, &gateways), [100, 100, 200]);
    assert_eq!(deposits(TopUpRule::Shares(vec![1, 1]), 400, &gateways), [200, 200, 0]);
    assert_eq!(deposits(TopUpRule::RecentSpend, 400, &gateways), [300, 100, 0]);
    let idle = [funds(5, 0), funds(7, 0)];
    for rule in [TopUpRule::RecentSpend, TopUpRule::LowestCover] {
        assert_eq!(deposits(rule, 401, &idle), [201, 200]);
    }
}

#[test]
fn lowest_cover_levels_the_days() {
    // Covers of 1, 3 and 20 days: 6 ETH lift the first two to 4.
    let gateways = [funds(2 * ETH, 2 * ETH), funds(3 * ETH / 10, ETH / 10), funds(20 * ETH, ETH)];
    let level = deposits(TopUpRule::LowestCover, 61 * ETH / 10, &gateways);
    assert_eq!(level, [6 * ETH, ETH / 10, 0]);
    // 2 ETH do not bring the first up to the second.
    assert_eq!(deposits(TopUpRule::LowestCover, 2 * ETH, &gateways), [2 * ETH, 0, 0]);
}

#[test]
fn the_reserve_comes_first() {
    let top_ups = TopUps { rule: TopUpRule::Shares(vec![1, 1, 1]), reserve: RESERVE };
    let gateways = [Wei(0), Wei(RESERVE.0 - 100), Wei(2 * RESERVE.0)]
        .map(|reserve| GatewayFunds { reserve, ..GatewayFunds::default() });
    let top_up = |deposit, reserve| TopUp { deposit: Wei(deposit), reserve: Wei(reserve) };
    assert_eq!(
        top_ups.divide(Wei(900), &gateways),
        [top_up(0, 300), top_up(200, 100), top_up(300, 0)]
    );
    assert_eq!(top_ups.divide(Wei(900), &[]), []);
}

#[test]
fn reserves_come_before_what_is_divided_by_spend() {
    // Of 2 ETH 0.72 fill two reserves, the rest goes 99 to 1; a hundredth of 2 ETH would
    // be reserve and no deposit. Too little for both reserves fills them alike.
    let gateways = [99, 1, 0].map(|spend_per_day| GatewayFunds {
        spend_per_day: Wei(spend_per_day),
        ..GatewayFunds::default()
    });
    let top_up = |deposit, reserve| TopUp { deposit: Wei(deposit), reserve: Wei(reserve) };
    let rest = 2 * ETH - 2 * RESERVE.0;
    for rule in [TopUpRule::RecentSpend, TopUpRule::LowestCover] {
        let top_ups = TopUps { rule, reserve: RESERVE };
        assert_eq!(
            top_ups.divide(Wei(2 * ETH), &gateways),
            [top_up(rest / 100 * 99, RESERVE.0), top_up(rest / 100, RESERVE.0), TopUp::default()]
        );
        let few = top_ups.divide(Wei(ETH / 2), &gateways);
        assert_eq!(few, [top_up(0, ETH / 4), top_up(0, ETH / 4), TopUp::default()]);
    }
}

proptest! {
    #[test]
    fn every_wei_arrives(
        amount in 0u128..1_000_000 * ETH,
        gateways in prop::collection::vec((0u128..1_000 * ETH, 0u128..ETH, 0u128..100 * ETH), 1..12),
        shares in prop::collection::vec(any::<u64>(), 0..15),
        reserve in 0u128..ETH,
    ) {
        let gateways: Vec<GatewayFunds> = gateways
            .into_iter()
            .map(|(deposit, reserve, spend_per_day)| GatewayFunds {
                free_deposit: Wei(deposit),
                reserve: Wei(reserve),
                spend_per_day: Wei(spend_per_day),
            })
            .collect();
        for rule in [TopUpRule::Shares(shares), TopUpRule::RecentSpend, TopUpRule::LowestCover] {
            let top_ups = TopUps { rule, reserve: Wei(reserve) }.divide(Wei(amount), &gateways);
            let paid: u128 = top_ups.iter().map(|part| part.deposit.0 + part.reserve.0).sum();
            prop_assert_eq!(paid, amount);
            for (top_up, funds) in top_ups.iter().zip(&gateways) {
                let filled = funds.reserve.0 + top_up.reserve.0;
                prop_assert!(top_up.reserve == Wei(0) || filled <= reserve);
                prop_assert!(top_up.deposit == Wei(0) || filled >= reserve);
            }
        }
    }

    /// After levelling, whoever was paid lasts no longer than whoever was not.
    #[test]
    fn nobody_with_more_cover_is_paid_before_one_with_less(
        amount in ETH..1_000 * ETH,
        gateways in prop::collection::vec((0u128..100 * ETH, ETH / 1000..10 * ETH), 2..10),
    ) {
        let gateways: Vec<_> = gateways.into_iter().map(|(deposit, spend)| funds(deposit, spend)).collect();
        let paid = deposits(TopUpRule::LowestCover, amount, &gateways);
        let cover = |(funds, paid): (&GatewayFunds, &u128)| {
            (funds.free_deposit.0 + paid) as f64 / funds.spend_per_day.0 as f64
        };
        let lowest = gateways.iter().zip(&paid).map(cover).fold(f64::INFINITY, f64::min);
        for pair in gateways.iter().zip(&paid).filter(|(_, paid)| **paid > 0) {
            prop_assert!(cover(pair) <= lowest * (1.0 + 1e-9));
        }
    }
}
