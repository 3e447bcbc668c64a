//! The scenarios that come with orchsim: valid, and equal after a round trip.

use orchsim::scenario::{Source, load, preset, preset_names, to_toml};

fn source(text: &str) -> Source {
    Source { name: "scenario.toml".into(), text: text.into(), directory: None }
}

#[test]
fn presets_survive_being_written_out() {
    for name in preset_names() {
        let first = load(&source(preset(name).unwrap()), &[]).unwrap_or_else(|e| panic!("{e}"));
        let text = to_toml(&first);
        let second = load(&source(&text), &[]).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(format!("{first:?}"), format!("{second:?}"), "{name}");
        assert_eq!(text, to_toml(&second), "{name}");
    }
}
