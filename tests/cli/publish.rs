//! `mithril publish`: what it builds, and what it refuses.

use crate::fixture::run;

#[test]
fn without_a_user_nothing_is_published() {
    let directory = tempfile::tempdir().unwrap();
    let outcome = run(directory.path(), &["publish", "ws:", "--event", "done"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.starts_with("warning: there is no user"),
        "{}",
        outcome.stderr
    );
    assert_eq!(outcome.stdout, "");
}

#[test]
fn what_can_not_be_published_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let large = format!("\"{}\"", "x".repeat(300_000));
    std::fs::write(directory.path().join("large"), &large).unwrap();
    for (arguments, why) in [
        (&["ws:a b", "--event", "a"][..], "is no topic"),
        (&["ws:42"], "needs --event"),
        (
            &["ws:42", "--event", "a", "--data", "{"],
            "--data is no JSON: EOF",
        ),
        (
            &["ws:42", "--event", "a", "--data", "@none"],
            "failed to read none",
        ),
        (
            &["ws:42", "--event", "a", "--data", "@large"],
            "limits.payload allows 262144",
        ),
        (
            &["ws:42", "--event", "a", "--url", "x:y"],
            "is no URL of a gateway",
        ),
    ] {
        let outcome = run(directory.path(), &[&["publish"], arguments].concat());
        assert_eq!(outcome.code, 2, "{arguments:?}: {}", outcome.stderr);
        assert!(
            outcome.stderr.contains(why),
            "{arguments:?}: {}",
            outcome.stderr
        );
        assert_eq!(outcome.stdout, "");
    }
}
