use super::index_below;

/// Draws a place from weights by inverting their cumulative distribution, in
/// expected constant time: a guide says for each equal part of the unit
/// interval where to begin the search (Chen and Asau, "On generating random
/// variates from an empirical distribution", AIIE Transactions 6, 1974). Unlike
/// an alias table it keeps the order of the places, so that draws from similar
/// weights stay coupled.
#[derive(Clone, Debug, Default)]
pub struct GuideTable {
    cumulative: Vec<f64>,
    guide: Vec<u32>,
}

impl GuideTable {
    /// Sets the weights: finite, not negative, in any scale.
    pub fn set_weights(&mut self, weights: impl Iterator<Item = f64>) {
        let mut total = 0.0;
        self.cumulative.clear();
        self.cumulative.extend(weights.map(|weight| {
            total += weight;
            total
        }));
        let count = self.cumulative.len();
        let mut place = 0;
        self.guide.clear();
        self.guide.extend((0..count).map(|part| {
            let height = part as f64 / count as f64 * total;
            while place + 1 < count && self.cumulative[place] <= height {
                place += 1;
            }
            place as u32
        }));
    }

    /// The place that `uniform`, in (0, 1), falls on; one without weight only
    /// where none has any. There must be a place.
    pub fn place(&self, uniform: f64) -> usize {
        let last = self.cumulative.len() - 1;
        let height = uniform * self.cumulative[last];
        let mut place = self.guide[index_below(uniform, last + 1)] as usize;
        while place < last && self.cumulative[place] < height {
            place += 1;
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What a search through all places finds.
        #[test]
        fn a_place_is_the_first_whose_cumulative_weight_reaches_the_draw(
            weights in prop::collection::vec(0u32..20, 1..40),
            uniform in 0.0001f64..0.9999,
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let mut table = GuideTable::default();
            table.set_weights(weights.iter().map(|&weight| f64::from(weight)));
            let height = uniform * f64::from(weights.iter().sum::<u32>());
            let mut reached = 0.0;
            let expected = weights.iter().position(|&weight| {
                reached += f64::from(weight);
                reached >= height
            });
            prop_assert_eq!(Some(table.place(uniform)), expected);
        }
    }
}
