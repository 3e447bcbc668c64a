//! No input makes the reader panic or hang: mutations of a real scenario, and
//! inputs made to break parsers.

use orchsim::scenario::{DEFAULT, Source, load, preset, to_toml};
use proptest::prelude::*;
use proptest::sample::Index;

/// Loads a text; whatever is accepted must survive being written out.
fn read(text: String, overrides: &[String]) {
    let source = Source { name: "mutant.toml".into(), text, directory: None };
    match load(&source, overrides) {
        Ok(scenario) => {
            let source = Source { text: to_toml(&scenario), ..source };
            let again = load(&source, &[]).unwrap_or_else(|e| panic!("{e}\n{}", source.text));
            assert_eq!(format!("{scenario:?}"), format!("{again:?}"));
        }
        Err(diagnostics) => {
            assert!(!diagnostics.is_empty());
            assert!(diagnostics.to_string().contains("error: "));
            let objects = diagnostics.to_json();
            assert!(objects[0]["line"].as_u64() >= Some(1));
        }
    }
}

fn bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

#[derive(Clone, Debug)]
enum Mutation {
    DeleteLine(Index),
    RepeatLine(Index),
    SwapLines(Index, Index),
    ReplaceToken(Index, String),
    SwapTokens(Index, Index),
    ReplaceByte(Index, u8),
    Cut(Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    let tokens = [
        "0",
        "-1",
        "1e400",
        "nan",
        "-inf",
        "9223372036854775808",
        "0x7fffffffffffffffffff",
        "\"\"",
        "\"1 LPT\"",
        "\"1e30 ETH per 0 pixels\"",
        "[]",
        "{}",
        "{ values = [] }",
        "true",
        "2025-02-18",
        "\"na-east\"",
        "{ lognormal = { median = 0, sigma = 10 } }",
        "=",
        "[[",
        "]",
        "1e-300",
        "100000",
    ];
    let token = prop::sample::select(tokens.to_vec()).prop_map(str::to_string);
    prop_oneof![
        at().prop_map(Mutation::DeleteLine),
        at().prop_map(Mutation::RepeatLine),
        (at(), at()).prop_map(|(a, b)| Mutation::SwapLines(a, b)),
        (at(), token).prop_map(|(a, token)| Mutation::ReplaceToken(a, token)),
        (at(), at()).prop_map(|(a, b)| Mutation::SwapTokens(a, b)),
        (at(), any::<u8>()).prop_map(|(a, byte)| Mutation::ReplaceByte(a, byte)),
        at().prop_map(Mutation::Cut),
    ]
}

/// Splits after every character that ends a token, so that joining restores.
fn tokens(text: &str) -> Vec<String> {
    text.split_inclusive([' ', ',', '\n']).map(str::to_string).collect()
}

fn mutate(text: String, mutation: &Mutation) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_string).collect();
    let mut words = tokens(&text);
    if words.is_empty() {
        return text;
    }
    match mutation {
        Mutation::DeleteLine(at) => {
            lines.remove(at.index(lines.len()));
            lines.concat()
        }
        Mutation::RepeatLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at].clone());
            lines.concat()
        }
        Mutation::SwapLines(a, b) => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
            lines.concat()
        }
        Mutation::ReplaceToken(at, token) => {
            let word = &mut words[at.index(tokens(&text).len())];
            let end = word.trim_end_matches([' ', ',', '\n']).len();
            word.replace_range(..end, token);
            words.concat()
        }
        Mutation::SwapTokens(a, b) => {
            let (a, b) = (a.index(words.len()), b.index(words.len()));
            words.swap(a, b);
            words.concat()
        }
        Mutation::ReplaceByte(at, byte) => {
            let mut bytes = bytes(&text);
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Mutation::Cut(at) => {
            let end = at.index(text.len());
            String::from_utf8_lossy(&text.as_bytes()[..end]).into_owned()
        }
    }
}

/// The scenario without comments, where most mutations would be lost.
fn bare(text: &str) -> String {
    let code = text.lines().map(|line| line.split(" #").next().unwrap_or(""));
    code.filter(|line| !line.is_empty() && !line.starts_with('#'))
        .fold(String::new(), |text, line| text + line + "\n")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn mutated_defaults_are_read_or_refused(
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let text = mutations.iter().fold(bare(DEFAULT), mutate);
        read(text, &[]);
    }

    #[test]
    fn mutated_minimal_scenarios_are_read_or_refused(
        mutations in prop::collection::vec(mutation(), 1..6),
    ) {
        let text = mutations.iter().fold(bare(preset("minimal").unwrap_or("")), mutate);
        read(text, &[]);
    }

    #[test]
    fn arbitrary_overrides_are_applied_or_refused(
        path in "(gateways|demand|credits|regions|\\[|\\]|\\.|\"|[a-z0-9é]){0,6}",
        value in "(\\[|\\{|\"|=|[a-z0-9.é ]){0,6}",
        separator in "=?",
    ) {
        read(DEFAULT.into(), &[format!("{path}{separator}{value}")]);
    }
}

/// Minimal, asked by two streams of these requests and shapes, under these policies.
fn asked_by([chat, images]: [&str; 2], policy: &str) -> String {
    let minimal = bare(preset("minimal").unwrap());
    let (network, _) = minimal.split_once("[[demand.streams]]").unwrap();
    format!(
        "{network}
[[demand.streams]]
id = \"chat\"
gateway = \"gateway\"
pipeline = \"llm\"
model = \"meta-llama/Meta-Llama-3.1-8B-Instruct\"
size = 256
{chat}
[[demand.streams]]
id = \"images\"
gateway = \"gateway\"
pipeline = \"text-to-image\"
model = \"ByteDance/SDXL-Lightning\"
size = \"1024x1024\"
{images}
[policy]
{policy}
"
    )
}

/// Who asks, and how much more of it there is every day.
fn requests() -> impl Strategy<Value = String> {
    let rate = prop_oneof![Just(0.0), 0.0..500.0];
    let doubling = prop::option::of(0.01..0.3);
    prop_oneof![
        (rate, doubling).prop_map(|(rate, days)| {
            let growth = days
                .map(|days| format!("growth = {{ exponential = {{ doubling_days = {days:?} }} }}"));
            format!("requests_per_day = {{ eu = {rate:?} }}\n{}", growth.unwrap_or_default())
        }),
        Just("trace.requests = { eu = [] }".to_string()),
        Just("trace.requests = { eu = [[1.5], [2.5, 7]], na = [] }".to_string()),
    ]
}

fn limit() -> impl Strategy<Value = String> {
    let scopes = ["", ", stream = \"chat\"", ", stream = \"images\"", ", gateway = \"gateway\""];
    (0..2, prop::sample::select(scopes.to_vec())).prop_map(|(kind, scope)| match kind {
        0 => format!("pacing.request_limits = [{{ per_day = 10{scope} }}]"),
        _ => format!("pacing.spend_ceilings = [{{ amount = \"1 ETH\"{scope} }}]"),
    })
}

proptest! {
    #[test]
    fn streams_that_ask_nothing_and_trends_are_read_back(
        streams in [requests(), requests()],
        policy in limit(),
    ) {
        let [chat, images] = &streams;
        let text = asked_by([chat, images], &policy);
        read(text.replace("horizon_days = 365", "horizon_days = 1"), &[]);
    }
}

/// Written out a member has a name of its own, and a request up to 50 bytes.
#[test]
fn many_orchestrators_are_read_back_and_many_requests_are_not_too_large_for_it() {
    let group = "orchestrators = [\"na\"]";
    let policy = format!("alpha_group = {{ {group}, discount = 0.5 }}");
    let rate = "requests_per_day = { eu = 100 }";
    let text = asked_by([rate, rate], &policy);
    read(text.replace("count = 2", "count = 20000"), &[]);

    let folder = tempfile::tempdir().unwrap();
    let rows = format!("time_s\n{}", "31536000\n".repeat(5_000_001));
    std::fs::write(folder.path().join("rows.csv"), rows).unwrap();
    let trace = "regions = { eu = 1 }\ntrace.file = \"rows.csv\"";
    let recorded = |images| Source {
        name: "recorded.toml".into(),
        text: asked_by([trace, images], ""),
        directory: Some(folder.path().into()),
    };
    let path = folder.path().join("written.toml");
    std::fs::write(&path, to_toml(&load(&recorded(rate), &[]).unwrap())).unwrap();
    assert!(Source::read(&path).unwrap().text.len() > 70_000_000);
    let refused = load(&recorded(trace), &[]).expect_err("too many to be read back").to_string();
    assert!(refused.contains("10000002 requests are recorded in all"), "{refused}");
}

/// A scenario with `line` put at the end of the first gateway.
fn with_line(line: &str) -> String {
    bare(DEFAULT).replacen(
        "id = \"livepeer-eliza\"",
        &format!("id = \"livepeer-eliza\"\n{line}"),
        1,
    )
}

#[test]
fn inputs_made_to_break_parsers_are_refused() {
    let long = "x".repeat(10_000_000);
    let inputs = [
        String::new(),
        "\u{feff}".into(),
        "\0".into(),
        "[".repeat(100_000),
        format!("a = {}", "[".repeat(100_000)),
        format!("a = {}1{}", "{ b = ".repeat(50_000), " }".repeat(50_000)),
        format!("{}a = 1", "a.".repeat(100_000)),
        format!("[{}a]", "a.".repeat(100_000)),
        format!("\"=\".{}a = 1", "a.".repeat(100_000)),
        format!("a = {{ {}a = 1 }}", "a.".repeat(100_000)),
        format!("a = {}1{}", format!("{{ {}b = ", "a.".repeat(78)).repeat(78), " }".repeat(78)),
        format!("a = {}", "9".repeat(1_000_000)),
        with_line(&format!("comment = \"{long}\"")),
        with_line(&format!("region = \"{long}\"")),
        with_line(&format!("{long} = 1")),
        with_line(&format!("max_price_per_unit = \"{} wei\"", "9".repeat(1_000_000))),
        with_line(&"b = 1\n".repeat(100_000)),
        bare(DEFAULT).replace("count = 2", "count = 9223372036854775807"),
        bare(DEFAULT).replace("count = 2", "count = 100000"),
    ];
    for text in inputs {
        let source = Source { name: "hostile.toml".into(), text, directory: None };
        let diagnostics = load(&source, &[]).expect_err("a broken scenario");
        assert!(diagnostics.to_string().len() < 1_000_000);
    }
}

#[test]
fn a_file_that_is_not_text_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("latin1.toml");
    std::fs::write(&path, b"name = \"a\"\ntitle = \"caf\xe9\"\n").unwrap();
    let error = Source::read(&path).expect_err("not UTF-8");
    assert_eq!(error.to_string(), "line 2 is not UTF-8 text");
    assert!(Source::read(folder.path()).is_err());
}
