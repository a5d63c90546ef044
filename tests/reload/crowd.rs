//! Very much at once: what changed is told of once, and nobody is cut off.

use std::fs;

use crate::client::Told;
use crate::fixture::{Fixture, Tree, exercise, pool};

/// Exercises of the tree, 200 in a pool.
const EXERCISES: usize = 10_000;

fn path(number: usize) -> String {
    format!("q{}/e{number:05}/exercise.yaml", number / 200)
}

fn text(number: usize, title: &str) -> String {
    exercise(&format!("e{number:05}"), title)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_ten_thousand_files_touched_at_once_those_that_changed_are_told_of() {
    let tree = Tree::new();
    for number in 0..EXERCISES {
        if number % 200 == 0 {
            let slug = format!("q{}", number / 200);
            tree.write(&format!("{slug}/pool.yaml"), &pool(&slug));
        }
        tree.write(&path(number), &text(number, "one"));
    }
    let fixture = Fixture::start(&tree).await;
    let mut clients = [
        fixture.listener().await,
        fixture.listener().await,
        fixture.listener().await,
    ];
    // More than wait in a queue: 256.
    let changed: Vec<usize> = (0..EXERCISES).step_by(17).collect();
    assert!(changed.len() > 500);
    for number in 0..EXERCISES {
        if number % 17 == 0 {
            tree.write(&path(number), &text(number, "two"));
        } else {
            let file = fs::File::open(tree.path(&path(number))).unwrap();
            file.set_modified(std::time::SystemTime::now()).unwrap();
        }
    }
    tree.write("p/zz/exercise.yaml", &exercise("zz", "two"));
    let expected: Vec<Told> = changed
        .iter()
        .map(|number| (format!("e{number:05}"), "changed".to_owned()))
        .collect();
    for client in &mut clients {
        let mut told = client.until("zz", "changed").await;
        // The files may have come to rest in between, and been told of in several goes.
        told.sort();
        assert_eq!(told, expected);
        client.expect_silence().await;
    }
}
