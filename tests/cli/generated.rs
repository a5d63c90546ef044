//! What is generated from the definitions of the command line is committed as it is generated.

use crate::fixture::{project, run};

#[test]
fn completions_are_fresh() {
    for (shell, file) in [
        ("bash", "mithril.bash"),
        ("zsh", "_mithril"),
        ("fish", "mithril.fish"),
    ] {
        let outcome = run(&project(""), &["completions", shell]);
        let committed =
            std::fs::read_to_string(project("completions").join(file)).unwrap_or_default();
        assert_eq!(
            outcome.stdout, committed,
            "completions/{file} is stale: run `make generate`"
        );
    }
}

#[test]
fn manual_pages_are_fresh() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().to_str().unwrap();
    assert_eq!(run(&project(""), &["man", "--out", out]).code, 0);
    let names = |at: &std::path::Path| {
        let mut names: Vec<_> = at
            .read_dir()
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let fresh = names(directory.path());
    assert!(fresh.len() > 5);
    assert_eq!(
        fresh,
        names(&project("man")),
        "man/ is stale: run `make generate`"
    );
    for name in fresh {
        let new = std::fs::read_to_string(directory.path().join(&name)).unwrap();
        let old = std::fs::read_to_string(project("man").join(&name)).unwrap();
        assert_eq!(
            new,
            old,
            "man/{} is stale: run `make generate`",
            name.display()
        );
    }
}
