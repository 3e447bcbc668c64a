//! Standard exponential and normal variates by the ziggurat of Marsaglia and
//! Tsang, "The ziggurat method for generating random variables", Journal of
//! Statistical Software 5(8), 2000, with 256 layers. The tables are worked out
//! at start through `libm`, so that draws are the same on every machine.

use std::sync::LazyLock;

use super::random::{Sequence, open_unit};

const LAYERS: usize = 256;

struct Ziggurat {
    /// Right edges of the layers, from the base layer's width down to 0.
    x: [f64; LAYERS + 1],
    /// The density (its maximum scaled to 1) at those edges.
    f: [f64; LAYERS + 1],
}

impl Ziggurat {
    /// `r` is where the tail begins and `v` the area of every layer.
    fn new(r: f64, v: f64, density: fn(f64) -> f64, inverse: fn(f64) -> f64) -> Ziggurat {
        let mut x = [0.0; LAYERS + 1];
        x[0] = v / density(r);
        x[1] = r;
        for layer in 2..LAYERS {
            x[layer] = inverse(v / x[layer - 1] + density(x[layer - 1]));
        }
        Ziggurat { x, f: x.map(density) }
    }
}

/// Constants of Marsaglia and Tsang for 256 layers.
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
const EXPONENTIAL_AREA: f64 = 3.949_659_822_581_557e-3;
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;
const NORMAL_AREA: f64 = 4.928_673_233_992_336e-3;

static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    Ziggurat::new(EXPONENTIAL_TAIL, EXPONENTIAL_AREA, |x| libm::exp(-x), |f| -libm::log(f))
});

static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let inverse = |f: f64| libm::sqrt(-2.0 * libm::log(f));
    Ziggurat::new(NORMAL_TAIL, NORMAL_AREA, |x| libm::exp(-x * x / 2.0), inverse)
});

/// A standard exponential variate from 64 random bits, and in one case of a
/// hundred from `more`.
pub(super) fn exponential(bits: u64, more: impl FnOnce() -> Sequence) -> f64 {
    let table = &*EXPONENTIAL;
    let layer = (bits & 0xff) as usize;
    let x = open_unit(bits) * table.x[layer];
    if x < table.x[layer + 1] {
        return x;
    }
    exponential_rare(x, layer, more)
}

#[cold]
fn exponential_rare(mut x: f64, mut layer: usize, more: impl FnOnce() -> Sequence) -> f64 {
    let table = &*EXPONENTIAL;
    let draws = &mut more();
    loop {
        if layer == 0 {
            return EXPONENTIAL_TAIL - libm::log(draws.uniform());
        }
        let height = table.f[layer] + (table.f[layer + 1] - table.f[layer]) * draws.uniform();
        if height < libm::exp(-x) {
            return x;
        }
        let bits = draws.bits();
        layer = (bits & 0xff) as usize;
        x = open_unit(bits) * table.x[layer];
        if x < table.x[layer + 1] {
            return x;
        }
    }
}

/// A standard normal variate from 64 random bits, and in one case of a hundred
/// from `more`.
pub(super) fn normal(bits: u64, more: impl FnOnce() -> Sequence) -> f64 {
    let table = &*NORMAL;
    let layer = (bits & 0xff) as usize;
    let x = (2.0 * open_unit(bits) - 1.0) * table.x[layer];
    if x.abs() < table.x[layer + 1] {
        return x;
    }
    normal_rare(x, layer, more)
}

#[cold]
fn normal_rare(mut x: f64, mut layer: usize, more: impl FnOnce() -> Sequence) -> f64 {
    let table = &*NORMAL;
    let draws = &mut more();
    loop {
        if layer == 0 {
            return normal_tail(draws).copysign(x);
        }
        let height = table.f[layer] + (table.f[layer + 1] - table.f[layer]) * draws.uniform();
        if height < libm::exp(-x * x / 2.0) {
            return x;
        }
        let bits = draws.bits();
        layer = (bits & 0xff) as usize;
        x = (2.0 * open_unit(bits) - 1.0) * table.x[layer];
        if x.abs() < table.x[layer + 1] {
            return x;
        }
    }
}

/// A normal variate beyond [`NORMAL_TAIL`] (Marsaglia 1964).
fn normal_tail(draws: &mut Sequence) -> f64 {
    loop {
        let x = -libm::log(draws.uniform()) / NORMAL_TAIL;
        let y = -libm::log(draws.uniform());
        if 2.0 * y >= x * x {
            return NORMAL_TAIL + x;
        }
    }
}
