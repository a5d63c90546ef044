//! The tree against `serde_yaml`'s fork: what both read must be the same.

use std::sync::Arc;

use mithril::diagnostics::yaml::{self, Limits, Literal, NodeId, Tree, Value};
use mithril::diagnostics::{Diagnostic, Findings, Source};
use proptest::prelude::*;
use serde_yaml::Value as Oracle;

fn source(text: &str) -> Source {
    Source::new(Arc::from("x.yaml"), text.as_bytes().to_vec())
}

/// What our tree says, in the oracle's terms; or the problems.
fn ours(text: &str) -> Result<Oracle, Vec<Diagnostic>> {
    let source = source(text);
    let mut findings = Findings::new(&source);
    match yaml::parse(&source, &Limits::default(), &mut findings) {
        Some(tree) => Ok(tree.root().map_or(Oracle::Null, |root| value(&tree, root))),
        None => Err(findings.into_diagnostics()),
    }
}

fn value(tree: &Tree<'_>, id: NodeId) -> Oracle {
    let node = tree.resolve(id);
    match &node.value {
        Value::Sequence(items) => {
            Oracle::Sequence(items.iter().map(|&item| value(tree, item)).collect())
        }
        Value::Mapping(entries) => Oracle::Mapping(
            entries
                .iter()
                .map(|e| (value(tree, e.key), value(tree, e.value)))
                .collect(),
        ),
        Value::Alias(_) => Oracle::Null,
        Value::Scalar { text, .. } => match node.literal().expect("a scalar has a meaning") {
            Literal::Null => Oracle::Null,
            Literal::Bool(truth) => Oracle::Bool(truth),
            Literal::Integer(integer) => Oracle::Number(integer.value.into()),
            Literal::Float => serde_yaml::from_str(text).expect("a float to both"),
            Literal::Text => Oracle::String(text.to_string()),
        },
    }
}

fn assert_same(text: &str) {
    let oracle: Oracle = serde_yaml::from_str(text)
        .unwrap_or_else(|error| panic!("the oracle refuses {text:?}: {error}"));
    match ours(text) {
        Ok(value) => assert_eq!(value, oracle, "{text:?}"),
        Err(problems) => panic!("we refuse {text:?}: {problems:#?}"),
    }
}

#[test]
fn what_both_read_is_the_same() {
    for text in [
        "a: 1\nb: [x, y]\n",
        "a: {b: {c: d}}\n",
        "- 1\n- -2\n- +3\n- 1.5\n- 1e3\n- 0x1F\n- 0o17\n- true\n- False\n- ~\n- null\n-\n",
        "a: yes\nb: no\nc: on\nd: 1_000\ne: 1:30\nf: 2024-01-01\n",
        "a: |\n  x\n  y\n\nb: >\n  x\n  y\n\n  z\nc: |-\n  x\nd: |+\n  x\n\n",
        "a: 'it''s'\nb: \"\\u00e9\\n\\x41\\t\"\nc: \"a\\\n  b\"\n",
        "a: x # c\n# d\nb: 'y' # e\n",
        "a: &m [1, 2]\nb: *m\nc: &s text\nd: *s\n",
        "? a\n: b\n? [c, d]\n: e\n",
        "a: one\n  two\n\n  three\n",
        "\"a b\": c\n'd': e\n",
        "é: \u{1f600}\nb: ñ # ü\n",
        "a: b\r\nc: |\r\n  d\r\n  e\r\n",
        "\u{feff}a: b\n",
        "--- \na: b\n...\n",
        "a: !!str 5\nb: !!int \"7\"\n",
        "a: [\n  1,\n  2,\n]\nb: {\n  c: d,\n}\n",
        "a:\n- b\n- c\n",
        "a: http://x.y/z?q=1#f\n",
        "a: - b\n".trim_start_matches("a: "),
        "[]\n",
        "{}\n",
        "text\n",
    ] {
        assert_same(text);
    }
}

#[test]
fn the_known_difference_is_the_leading_zero() {
    // An integer in YAML 1.2, the source text in a text field, refused where a number belongs.
    assert_eq!(ours("a: 0123\n").unwrap()["a"], Oracle::Number(123.into()));
}

#[test]
fn every_sample_file_reads_the_same() {
    let mut files = 0;
    for path in crate::trees::sample_files() {
        let text = std::fs::read_to_string(&path).unwrap();
        let oracle: Oracle = serde_yaml::from_str(&text).unwrap();
        assert_eq!(ours(&text).unwrap(), oracle, "{}", path.display());
        files += 1;
    }
    assert!(files > 20, "the sample tree was not found");
}

/// YAML text of a value, in a style that the numbers choose.
fn emit(value: &Oracle, styles: &mut impl Iterator<Item = u8>, indent: usize) -> String {
    let pad = " ".repeat(indent);
    match value {
        Oracle::Sequence(items)
            if !items.is_empty() && !styles.next().unwrap_or(0).is_multiple_of(3) =>
        {
            let items = items
                .iter()
                .map(|item| format!("\n{pad}-{}", separated(emit(item, styles, indent + 2))));
            items.collect()
        }
        Oracle::Mapping(entries)
            if !entries.is_empty() && !styles.next().unwrap_or(0).is_multiple_of(3) =>
        {
            let entries = entries.iter().map(|(key, value)| {
                let key = emit(key, styles, 0);
                format!(
                    "\n{pad}{key}:{}",
                    separated(emit(value, styles, indent + 2))
                )
            });
            entries.collect()
        }
        // JSON is YAML.
        value => {
            let json = serde_json::to_string(value).unwrap();
            // A line break to readers of YAML 1.1 is refused where it stands raw.
            json.replace('\u{85}', "\\u0085")
                .replace('\u{2028}', "\\u2028")
                .replace('\u{2029}', "\\u2029")
        }
    }
}

fn separated(text: String) -> String {
    if text.starts_with('\n') {
        text
    } else {
        format!(" {text}")
    }
}

fn any_value() -> impl Strategy<Value = Oracle> {
    let text = prop_oneof!["[ -~]{0,12}", "\\PC{0,8}", "[a-z0-9_.:+-]{1,8}"];
    let leaf = prop_oneof![
        Just(Oracle::Null),
        any::<bool>().prop_map(Oracle::Bool),
        any::<i64>().prop_map(|n| Oracle::Number(n.into())),
        text.prop_map(Oracle::String),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Oracle::Sequence),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..5).prop_map(|map| {
                Oracle::Mapping(
                    map.into_iter()
                        .map(|(k, v)| (Oracle::String(k), v))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read(value in any_value(), styles in prop::collection::vec(any::<u8>(), 0..32)) {
        let text = emit(&value, &mut styles.into_iter(), 0);
        let text = text.trim_start_matches('\n');
        prop_assert_eq!(ours(text).unwrap(), value, "{:?}", text);
    }

    #[test]
    fn scalars_mean_the_same_to_both(text in "[-+0-9a-zA-Z._:~]{1,8}") {
        let leading_zero = {
            let digits = text.trim_start_matches(['-', '+']);
            digits.len() > 1 && digits.starts_with('0') && digits.bytes().all(|b| b.is_ascii_digit())
        };
        let document = format!("a: {text}\n");
        let oracle = serde_yaml::from_str::<Oracle>(&document);
        if let (Ok(ours), Ok(oracle)) = (ours(&document), oracle)
            && !leading_zero
        {
            prop_assert_eq!(ours, oracle, "{:?}", document);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = ours(&text);
    }

    #[test]
    fn no_yaml_like_text_panics(text in "[-a:{}\\[\\]&*!|>'\"%@#?, \n\t0-9~]{0,120}") {
        let settings = mithril::lint::Settings {
            selection: mithril::lint::Selection::all(),
            ..Default::default()
        };
        let report = mithril::lint::check_text("x.yaml", &text, &settings);
        let frames = mithril::diagnostics::render::Frames::new(&report.sources, true, None);
        for diagnostic in &report.diagnostics {
            prop_assert!(diagnostic.span.start.offset <= text.len());
            prop_assert!(!frames.frame(diagnostic).is_empty());
        }
    }

    #[test]
    fn spans_hold_what_was_read(words in prop::collection::vec("[a-z]{1,6}", 1..6)) {
        let lines = words.iter().enumerate().map(|(i, w)| format!("k{i}: {w}"));
        let text = lines.collect::<Vec<_>>().join("\n");
        let source = source(&text);
        let mut findings = Findings::new(&source);
        let tree = yaml::parse(&source, &Limits::default(), &mut findings).unwrap();
        for node in tree.nodes() {
            if let Value::Scalar { text: read, .. } = &node.value {
                prop_assert_eq!(&text[node.span.clone()], read);
            }
        }
    }
}
