mod support;
use std::time::Instant;
use orchsim::scenario::{Source, load};
use orchsim::simulation::{World, replicate};
fn main() {
    for _ in 0..3 {
        let start = Instant::now();
        let o = support::reference::run(3_000_000, 1);
        println!("reference {:.1} ns  wait {}", start.elapsed().as_secs_f64()*1e9/3e6, o.waited_s / 3e6);
    }
    for n in ["50"] {
    let text = include_str!("scenarios/plain.toml").to_string();
    let source = Source { name: "plain".into(), text, directory: None };
    let scenario = load(&source, &[format!("orchestrator_groups.plain.count={n}")]).unwrap_or_else(|e| panic!("{e:?}"));
    let world = World::new(&scenario);
    let start = Instant::now();
    let r = replicate(&world, 0).unwrap();
    let s = &r.service[0];
    println!("plain {n} {:.1} ns asked {} served {} failed {:?} depl {:?}", start.elapsed().as_secs_f64()*1e9/s.asked as f64, s.asked, s.served, s.failed, r.depleted);
    }
}
