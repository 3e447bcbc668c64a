use super::PriceSeries;
use crate::treasury::Prices;
use crate::units::SimTime;

#[derive(Clone, Debug)]
pub(super) struct Cursor<'a> {
    current: Prices,
    later: &'a [(f64, Prices)],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(series: &'a PriceSeries) -> Cursor<'a> {
        Cursor { current: series.first(), later: series.rows() }
    }

    pub(super) fn at(&mut self, time: SimTime) -> Prices {
        while let [(day, prices), later @ ..] = self.later
            && *day <= time.as_days()
        {
            (self.current, self.later) = (*prices, later);
        }
        self.current
    }
}
