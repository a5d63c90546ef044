//! The house rules of `src/lib.rs` hold: a module imports what stands below it in the table of
//! ranks, or behind it on its line.

#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests stop where they can't go on"
)]

use std::path::{Path, PathBuf};

/// The modules from the top down: the table of ranks in `src/lib.rs`, read from there.
fn order() -> Vec<String> {
    let lib = std::fs::read_to_string(root().join("lib.rs")).unwrap();
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.filter(|row| row.starts_with(|c: char| c.is_ascii_digit()))
        .flat_map(|row| {
            row.split('[')
                .skip(1)
                .map(|part| part.trim_start_matches('`'))
        })
        .map(|part| part.split('`').next().unwrap().to_owned())
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in directory.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a file names behind `crate::`.
fn imports(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    for rest in text.split("crate::").skip(1) {
        let word = |text: &str| -> String {
            text.chars()
                .take_while(|c| c.is_ascii_lowercase() || *c == '_')
                .collect()
        };
        match rest.strip_prefix('{') {
            // A group: the first word of each part at its own depth.
            Some(group) => {
                let mut depth = 0;
                let mut part = String::new();
                for character in group.chars() {
                    match character {
                        '{' => depth += 1,
                        '}' if depth == 0 => break,
                        '}' => depth -= 1,
                        ',' if depth == 0 => names.push(word(std::mem::take(&mut part).trim())),
                        c => part.push(c),
                    }
                }
                names.push(word(part.trim()));
            }
            None => names.push(word(rest)),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[test]
fn every_module_stands_in_the_table_once() {
    let lib = std::fs::read_to_string(root().join("lib.rs")).unwrap();
    let mut modules: Vec<_> = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect();
    let mut order = order();
    modules.sort();
    order.sort();
    assert_eq!(order, modules);
}

#[test]
fn no_module_imports_upwards() {
    let order = order();
    let rank = |name: &str| order.iter().position(|module| module == name);
    let mut found = Vec::new();
    files(&root(), &mut found);
    let mut checked = 0;
    for path in found {
        let relative = path.strip_prefix(root()).unwrap();
        let module = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy();
        let module = module.trim_end_matches(".rs");
        let Some(own) = rank(module) else {
            assert!(
                ["lib", "main"].contains(&module),
                "{} has no rank",
                path.display()
            );
            continue;
        };
        let text = std::fs::read_to_string(&path).unwrap();
        for import in imports(&text) {
            let Some(theirs) = rank(&import) else {
                continue;
            };
            assert!(
                theirs >= own,
                "{} imports {import}, which stands above",
                path.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 50, "only {checked} imports were looked at");
}

#[test]
fn the_crate_that_speaks_to_redis_stays_behind_the_link() {
    let mut found = Vec::new();
    files(&root(), &mut found);
    let mut users = 0;
    for path in found {
        let text = std::fs::read_to_string(&path).unwrap();
        // `broker::redis::` is ours, `redis::` alone is theirs.
        let theirs = text.match_indices("redis::").filter(|(at, _)| {
            let before = text[..*at].chars().next_back();
            before.is_none_or(|c| c != ':' && c != '_' && !c.is_alphanumeric())
        });
        if theirs.count() == 0 {
            continue;
        }
        let relative = path.strip_prefix(root()).unwrap().display().to_string();
        let allowed = ["link.rs", "link/", "broker/redis.rs", "broker/redis/"];
        let behind = allowed.iter().any(|prefix| relative.starts_with(prefix));
        assert!(behind, "{relative} speaks to Redis past the link");
        users += 1;
    }
    assert!(users > 3, "only {users} files were found that do");
}
