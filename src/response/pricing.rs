/// Points of each of the two grids that a best price is searched on.
const GRID: i32 = 64;
/// The finest step of the grid near the cost, over its whole width.
const FINEST: f64 = 1e-6;
/// Narrows the best interval of the grid to 1e-8 of its width.
const GOLDEN_STEPS: u32 = 38;
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The price of one who undercuts by a share `by`: below the cheapest rival that
/// is no dearer, down to `floor`; one who is below that stays.
pub fn undercut(price: f64, cheapest_rival: Option<f64>, by: f64, floor: f64) -> f64 {
    match cheapest_rival {
        Some(rival) if rival <= price => price.min(floor.max(rival * (1.0 - by))),
        _ => price,
    }
}

/// The price of one who raises it by a share `step` while sold out, up to `top`,
/// and otherwise takes it back towards `opening`.
pub fn raised(price: f64, is_sold_out: bool, step: f64, opening: f64, top: f64) -> f64 {
    if is_sold_out {
        (price * (1.0 + step)).min(top).max(price)
    } else {
        (price / (1.0 + step)).max(opening.min(price))
    }
}

/// The price between `cost` and `top` of the highest profit, `None` where none
/// brings any. Searched on a grid that is finest near `cost`, at the prices
/// `jumps` at which profit may break off, and around the best of these by golden
/// section.
pub fn best_price(
    cost: f64,
    top: f64,
    jumps: &[f64],
    mut profit: impl FnMut(f64) -> f64,
) -> Option<f64> {
    if top <= cost || !top.is_finite() {
        return None;
    }
    let width = top - cost;
    let even = (0..=GRID).map(|point| f64::from(point) / f64::from(GRID));
    let fine = (0..GRID).map(|point| libm::pow(FINEST, f64::from(point + 1) / f64::from(GRID)));
    let mut points: Vec<f64> = even.chain(fine).map(|share| cost + width * share).collect();
    points.extend(jumps.iter().copied().filter(|jump| (cost..=top).contains(jump)));
    points.sort_by(f64::total_cmp);
    points.dedup();
    let profits: Vec<f64> = points.iter().map(|&price| profit(price)).collect();
    let mut best = 0;
    for (place, value) in profits.iter().enumerate() {
        if *value > profits[best] {
            best = place;
        }
    }
    let low = points[best.saturating_sub(1)];
    let high = points[(best + 1).min(points.len() - 1)];
    let refined = golden_section(low, high, &mut profit);
    let price = if profit(refined) > profits[best] { refined } else { points[best] };
    (profits[best] > 0.0).then_some(price)
}

/// Where a function with one peak between `low` and `high` has it.
fn golden_section(mut low: f64, mut high: f64, f: &mut impl FnMut(f64) -> f64) -> f64 {
    let (mut left, mut right) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..GOLDEN_STEPS {
        if at_left < at_right {
            (low, left, at_left) = (left, right, at_right);
            right = low + GOLDEN * (high - low);
            at_right = f(right);
        } else {
            (high, right, at_right) = (right, left, at_left);
            left = high - GOLDEN * (high - low);
            at_left = f(left);
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_peak_is_found_wherever_it_is() {
        for peak in [1.001, 1.5, 40.0, 900.0] {
            let profit = |price: f64| 1.0 / (1.0 + (price / peak - 1.0).powi(2));
            let found = best_price(1.0, 1_000.0, &[], profit).unwrap();
            assert!((found / peak - 1.0).abs() < 1e-6, "{found} against {peak}");
        }
    }

    #[test]
    fn profit_that_breaks_off_is_best_just_before() {
        let profit = |price: f64| if price <= 77.7 { price - 10.0 } else { 0.0 };
        assert_eq!(best_price(10.0, 1_000.0, &[77.7], profit), Some(77.7));
        assert_eq!(best_price(10.0, 1_000.0, &[], |_| 0.0), None);
        assert_eq!(best_price(10.0, 5.0, &[], |_| 1.0), None);
    }

    #[test]
    fn raising_and_lowering_stay_within_their_bounds() {
        assert_eq!(raised(100.0, true, 0.5, 100.0, 120.0), 120.0);
        assert_eq!(raised(120.0, false, 0.1, 115.0, 120.0), 115.0);
        // One who opened above the maximum, or was never raised, stays.
        assert_eq!(raised(130.0, true, 0.5, 130.0, 120.0), 130.0);
        assert_eq!(raised(100.0, false, 0.5, 100.0, 120.0), 100.0);
        assert_eq!(undercut(10.0, Some(10.0), 0.1, 2.0), 9.0);
        assert_eq!(undercut(10.0, Some(11.0), 0.1, 2.0), 10.0);
        assert_eq!(undercut(10.0, Some(2.1), 0.1, 2.0), 2.0);
        assert_eq!(undercut(10.0, None, 0.1, 2.0), 10.0);
        assert_eq!(undercut(10.0, Some(10.0), 0.1, 12.0), 10.0);
    }
}
