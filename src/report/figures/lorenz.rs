use plotters::prelude::*;

use super::axis::{Axis, Frame, chart};
use super::{BLUE, Key, MUTED, Mark, PALETTE, Plan};
use crate::ensemble::Forecast;
use crate::report::format::grouped;
use crate::report::tables;

const ORANGE: RGBColor = PALETTE[1];

pub(super) fn plan(forecast: &Forecast) -> Plan<'_> {
    let measures = &forecast.concentration;
    let plot = move |area: &super::Area| {
        let frame = Frame {
            y_name: "Share held",
            x_name: "Share of orchestrators, smallest first",
            ..Frame::default()
        };
        let mut chart = chart(area, &frame, Axis::shares(), Axis::shares())?;
        let even = PathElement::new(vec![(0.0, 0.0), (1.0, 1.0)], MUTED.stroke_width(2));
        chart.draw_series([even])?;
        let stake = measures.stake_lorenz.clone();
        chart.draw_series([PathElement::new(stake, ORANGE.stroke_width(5))])?;
        if measures.is_known() {
            let fees = measures.lorenz.clone();
            chart.draw_series([PathElement::new(fees, BLUE.stroke_width(6))])?;
        }
        Ok(())
    };
    let key = |name: &str, gini: f64| format!("{name} (Gini {})", grouped(gini, 2));
    let fees = match measures.is_known() {
        true => key("fees", measures.gini.mean),
        false => "fees: nobody earns any".to_string(),
    };
    Plan {
        slug: "lorenz".to_string(),
        title: "How evenly fees are shared".to_string(),
        explanation:
            "The share of fees and of stake that the smallest orchestrators hold together \
                      (Lorenz curve); the further below the diagonal, the more concentrated."
                .to_string(),
        table: tables::lorenz(forecast),
        plot_height: 800,
        legend: vec![
            Key::new(Mark::Line, BLUE, fees),
            Key::new(Mark::Line, ORANGE, key("stake", measures.stake_gini)),
            Key::new(Mark::Line, MUTED, "equal shares"),
        ],
        plot: Box::new(plot),
    }
}
