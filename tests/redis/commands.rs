//! `mithril cache` as operators run it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::binary::{Outcome, mithril, project};
use crate::content::write_tree;
use crate::server::RedisServer;

pub(crate) struct Place {
    pub(crate) server: RedisServer,
    pub(crate) directory: tempfile::TempDir,
}

impl Place {
    /// A directory with a tree of so many exercises, and a server.
    pub(crate) fn new(exercises: usize) -> Self {
        Self::over(RedisServer::start(), exercises)
    }

    fn over(server: RedisServer, exercises: usize) -> Self {
        let directory = tempfile::tempdir().unwrap();
        write_tree(&directory.path().join("exercises"), exercises);
        Self { server, directory }
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = mithril(self.directory.path());
        command
            .arg("cache")
            .args(arguments)
            .env("REDIS_URL", self.server.url())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).output().unwrap().into()
    }

    /// A run that ends with this code.
    pub(crate) fn expect(&self, code: i32, arguments: &[&str]) -> Outcome {
        let outcome = self.run(arguments);
        let (out, err) = (&outcome.stdout, &outcome.stderr);
        assert_eq!(outcome.code, code, "{arguments:?}: {out}{err}");
        outcome
    }

    fn json(&self, code: i32, arguments: &[&str]) -> Value {
        let arguments = [arguments, &["--format", "json"]].concat();
        serde_json::from_str(&self.expect(code, &arguments).stdout).unwrap()
    }

    fn exercise(&self, pool: usize, exercise: usize) -> PathBuf {
        let path = format!("exercises/pool-{pool:04}/ex{exercise:06}/exercise.yaml");
        self.directory.path().join(path)
    }

    fn keys(&self) -> usize {
        self.server.cli(&["DBSIZE"]).parse().unwrap()
    }
}

/// Writes another version of each exercise and pool.
pub(crate) fn rewrite(place: &Place, version: &str) {
    let root = place.directory.path().join("exercises");
    for pool in root.read_dir().unwrap() {
        let pool = pool.unwrap().path();
        edit(&pool.join("pool.yaml"), "maintainer: ", version);
        for exercise in pool.read_dir().unwrap() {
            let file = exercise.unwrap().path().join("exercise.yaml");
            if file.exists() {
                edit(&file, "title: ", version);
            }
        }
    }
}

/// Sets the value of a key.
fn edit(file: &Path, key: &str, value: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().map(|line| match line.strip_prefix(key) {
        Some(_) => format!("{key}\"{value}\"\n"),
        None => format!("{line}\n"),
    });
    std::fs::write(file, lines.collect::<String>()).unwrap();
}

/// The version of each pool; all of a pool has one.
pub(crate) fn versions(place: &Place) -> Vec<Option<String>> {
    let pools = place
        .directory
        .path()
        .join("exercises")
        .read_dir()
        .unwrap()
        .count();
    let read = |number: usize| {
        let pool = format!("mithril:pool:pool-{number:04}");
        let json = place.server.cli(&["--raw", "GET", &pool]);
        if json.is_empty() {
            assert_eq!(
                place.server.cli(&["EXISTS", &format!("{pool}:exercises")]),
                "0"
            );
            return None;
        }
        let json: Value = serde_json::from_str(&json).unwrap();
        let ids = json["exercises"].as_array().unwrap();
        let list = place
            .server
            .cli(&["LRANGE", &format!("{pool}:exercises"), "0", "-1"]);
        assert!(list.lines().eq(ids.iter().map(|id| id.as_str().unwrap())));
        let keys = ids
            .iter()
            .map(|id| format!("mithril:exercise:{}", id.as_str().unwrap()));
        let keys: Vec<String> = keys.collect();
        let mut command = vec!["--raw", "MGET"];
        command.extend(keys.iter().map(String::as_str));
        let exercises = place.server.cli(&command);
        assert_eq!(exercises.lines().count(), ids.len());
        for exercise in exercises.lines() {
            let exercise: Value = serde_json::from_str(exercise).expect("a whole pool");
            assert_eq!(exercise["title"], json["maintainer"]);
        }
        Some(json["maintainer"].as_str().unwrap().to_owned())
    };
    (0..pools).map(read).collect()
}

#[test]
fn what_is_cached_is_the_golden_json_byte_for_byte() {
    let place = Place::new(0);
    let content = project("tests/fixtures/golden");
    place.expect(0, &["warm", "--content-dir", content.to_str().unwrap()]);
    let mut compared = 0;
    for file in project("tests/golden").read_dir().unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let (kind, id) = name.split_once('-').unwrap();
        if kind != "pool" && kind != "exercise" {
            continue;
        }
        let key = format!("mithril:{kind}:{id}");
        // It ends what it prints with a line break, as the files end.
        let cached = place.server.cli_with(&["--raw", "GET", &key], b"").stdout;
        assert!(cached == std::fs::read(&path).unwrap(), "{key}");
        compared += 1;
    }
    assert!(compared >= 5, "only {compared} files were compared");
}

#[test]
fn no_answer_is_ever_cached() {
    let place = Place::new(0);
    let content = project("exercises");
    place.expect(0, &["warm", "--content-dir", content.to_str().unwrap()]);
    let keys = place.server.cli(&["KEYS", "mithril:exercise:*"]);
    assert_eq!(keys.lines().count(), 40);
    let mut command = vec!["--raw", "MGET"];
    command.extend(keys.lines());
    let exercises = place.server.cli(&command);
    for exercise in exercises.lines() {
        let exercise: Value = serde_json::from_str(exercise).unwrap();
        assert!(exercise.get("answer").is_none(), "{exercise}");
    }
    assert!(!exercises.contains("solution"), "{exercises}");
}

#[test]
fn content_with_problems_is_not_written() {
    let place = Place::new(150);
    std::fs::write(place.exercise(0, 7), "id: [\n").unwrap();
    let refused = place.expect(1, &["warm"]);
    assert!(refused.stdout.contains("Y001"), "{}", refused.stdout);
    assert!(
        refused.stderr.contains("nothing was written"),
        "{}",
        refused.stderr
    );
    assert_eq!(place.keys(), 0);
    let sound = place.expect(1, &["warm", "--keep-going", "--prune"]);
    assert!(
        sound.stderr.contains("nothing was pruned"),
        "{}",
        sound.stderr
    );
    assert_eq!(
        place.server.cli(&["EXISTS", "mithril:exercise:ex000007"]),
        "0"
    );
    assert_eq!(
        place
            .server
            .cli(&["LLEN", "mithril:pool:pool-0000:exercises"]),
        "99"
    );
    assert_eq!(
        place
            .server
            .cli(&["LLEN", "mithril:pool:pool-0001:exercises"]),
        "50"
    );
}

#[test]
fn a_dry_run_says_what_a_run_would_do_and_does_nothing() {
    let place = Place::new(150);
    let planned = place.json(0, &["warm", "--dry-run"]);
    assert_eq!(place.keys(), 0);
    assert_eq!(planned["dry_run"], true);
    assert_eq!(planned["pools"][0]["added"].as_array().unwrap().len(), 100);
    place.expect(0, &["warm"]);
    assert_eq!(place.keys(), 150 + 2 * 2 + 1);
    edit(&place.exercise(1, 120), "title: ", "Another");
    place.server.cli(&["SET", "mithril:pool:gone", "{}"]);
    let planned = place.json(0, &["warm", "--dry-run", "--prune"]);
    assert_eq!(planned["pools"][0]["changed"], serde_json::json!([]));
    assert_eq!(
        planned["pools"][1]["changed"],
        serde_json::json!(["ex000120"])
    );
    assert_eq!(planned["pruned"], serde_json::json!(["mithril:pool:gone"]));
    assert_eq!(place.server.cli(&["GET", "mithril:pool:gone"]), "{}");
    let removed = place.expect(0, &["invalidate", "--all", "--dry-run"]);
    assert_eq!(removed.stdout.lines().count(), 1 + 150 + 2 * 2 + 1 + 1);
    assert_eq!(place.keys(), 150 + 2 * 2 + 1 + 1);
}

#[test]
fn status_names_what_was_changed_by_hand() {
    let place = Place::new(150);
    let missing = place.json(1, &["status"]);
    assert_eq!(
        missing["list"]["missing"],
        serde_json::json!(["mithril:pools:list"])
    );
    assert_eq!(missing["pools"][1]["missing"].as_array().unwrap().len(), 52);
    place.expect(0, &["warm", "--ttl", "10m"]);
    place.expect(0, &["status"]);
    let redis = |command: &[&str]| place.server.cli(command);
    redis(&["DEL", "mithril:exercise:ex000001"]);
    redis(&["SET", "mithril:exercise:ex000002", "{}", "KEEPTTL"]);
    redis(&["LPOP", "mithril:pool:pool-0001:exercises"]);
    redis(&["SET", "mithril:exercise:old", r#"{"pool_id":"pool-0001"}"#]);
    redis(&["SET", "mithril:exercise:nobodys", "?"]);
    redis(&["HSET", "mithril:pool:other", "a", "b"]);
    redis(&["RPUSH", "mithril:pools:list", "other"]);
    redis(&["EXPIRE", "mithril:exercise:ex000003", "60"]);
    let status = place.json(1, &["status"]);
    let (first, second) = (&status["pools"][0], &status["pools"][1]);
    let keys = |keys: &[&str]| serde_json::json!(keys);
    assert_eq!(status["list"]["stale"], keys(&["mithril:pools:list"]));
    assert_eq!(first["missing"], keys(&["mithril:exercise:ex000001"]));
    assert_eq!(first["stale"], keys(&["mithril:exercise:ex000002"]));
    assert_eq!(first["cached"], 100);
    assert!(first["ttl"].as_u64().unwrap() <= 60, "{first}");
    assert_eq!(second["stale"], keys(&["mithril:pool:pool-0001:exercises"]));
    assert_eq!(second["orphaned"], keys(&["mithril:exercise:old"]));
    let ttl = second["ttl"].as_u64().unwrap();
    assert!((500..=600).contains(&ttl), "{ttl}");
    let others: Vec<_> = status["pools"].as_array().unwrap()[2..].iter().collect();
    assert_eq!(others[0]["pool"], Value::Null);
    assert_eq!(others[0]["orphaned"], keys(&["mithril:exercise:nobodys"]));
    assert_eq!(others[1]["pool"], "other");
    assert_eq!(others[1]["orphaned"], keys(&["mithril:pool:other"]));
    let table = place.expect(1, &["status", "--format", "table"]).stdout;
    assert!(table.contains("│ pool-0001"), "{table}");
    place.expect(0, &["warm", "--prune", "--quiet"]);
    place.expect(0, &["status"]);
}

#[test]
fn keys_that_are_not_ours_are_never_touched() {
    let place = Place::new(5);
    let foreign = [
        "mithril:session:5f1c",
        "mithril:stream:{ws:42}",
        "mithril:lease:cache",
        "mithril:exercise:ex000001:draft",
        "mithril:pool:a:b",
        "mithril:pool:pool-0000:exercises:backup",
        "mithril:pools:list:old",
        "other",
    ];
    for key in foreign {
        place.server.cli(&["SET", key, "theirs"]);
    }
    let before = place.keys();
    for command in [
        &["warm", "--prune"][..],
        &["invalidate", "--pool", "pool-0000"],
        &["warm"],
        &["invalidate", "--all", "--yes"],
    ] {
        place.expect(0, command);
        for key in foreign {
            assert_eq!(
                place.server.cli(&["GET", key]),
                "theirs",
                "{command:?} {key}"
            );
        }
    }
    assert_eq!(place.keys(), before);
}

#[test]
fn single_pools_and_exercises() {
    let place = Place::new(250);
    let list = || {
        place
            .server
            .cli(&["LRANGE", "mithril:pools:list", "0", "-1"])
    };
    place.expect(0, &["warm", "--pool", "pool-0002"]);
    assert_eq!((place.keys(), list().as_str()), (53, "pool-0002"));
    place.expect(0, &["warm", "--pool", "pool-0000", "--pool", "pool-0002"]);
    assert_eq!(list(), "pool-0000\npool-0002");
    // A list that has expired before its pools comes back with them.
    place.server.cli(&["DEL", "mithril:pools:list"]);
    place.expect(0, &["warm", "--pool", "pool-0001"]);
    assert_eq!(list(), "pool-0000\npool-0001\npool-0002");
    let unknown = place.expect(2, &["warm", "--pool", "pool-001"]);
    assert!(
        unknown.stderr.contains("did you mean pool-000"),
        "{}",
        unknown.stderr
    );
    let gone = place.expect(0, &["invalidate", "--pool", "pool-0001"]);
    assert_eq!(gone.stdout.lines().count(), 1 + 102);
    assert_eq!(list(), "pool-0000\npool-0002");
    let one = place.expect(
        0,
        &[
            "invalidate",
            "--exercise",
            "ex000003",
            "--exercise",
            "absent",
        ],
    );
    assert_eq!(one.stdout, "key\nmithril:exercise:ex000003\n");
    assert!(one.stderr.contains("1 key removed"), "{}", one.stderr);
    place.expect(2, &["invalidate", "--pool", "a:b"]);
    place.expect(2, &["invalidate"]);
    place.expect(2, &["invalidate", "--all", "--pool", "pool-0000"]);
}

#[test]
fn a_failure_half_way_leaves_whole_pools_and_says_so() {
    let place = Place::new(1_000);
    rewrite(&place, "first");
    place.expect(0, &["warm"]);
    assert_eq!(versions(&place), vec![Some("first".to_owned()); 10]);
    rewrite(&place, "second");
    // A user who may write the first half of the pools.
    let mut user = vec!["ACL", "SETUSER", "half", "on", ">secret", "+@all", "&*"];
    let rules = [
        "~mithril:pool*:pool-000[0-4]*",
        "~mithril:exercise:ex000[0-4]*",
    ];
    user.extend(rules);
    user.push("%R~mithril:*");
    place.server.cli(&user);
    let url = format!("redis://half:secret@127.0.0.1:{}", place.server.port());
    let failed = place.expect(2, &["warm", "--redis-url", &url]);
    let said = &failed.stderr;
    assert!(said.contains("failed at the pool pool-0005"), "{said}");
    assert!(said.contains("does not allow this user"), "{said}");
    assert!(
        said.contains("5 pools with 500 exercises are written, the rest is as it was"),
        "{said}"
    );
    assert_eq!(failed.stdout.lines().count(), 1 + 5, "{}", failed.stdout);
    for (number, version) in versions(&place).iter().enumerate() {
        let expected = if number < 5 { "second" } else { "first" };
        assert_eq!(version.as_deref(), Some(expected), "{number}");
    }
    // Full: nothing is written, and what there was is still there.
    rewrite(&place, "third");
    place.server.cli(&["CONFIG", "SET", "maxmemory", "100kb"]);
    let failed = place.expect(2, &["warm"]);
    assert!(
        failed.stderr.contains("is out of memory"),
        "{}",
        failed.stderr
    );
    let versions = versions(&place);
    assert!(
        !versions.contains(&Some("third".to_owned())),
        "{versions:?}"
    );
    assert!(!versions.contains(&None), "{versions:?}");
}

#[test]
fn whenever_it_is_killed_no_pool_is_half() {
    const POOLS: usize = 6;
    let place = Place::new(POOLS * 100);
    for round in 0..POOLS {
        let version = format!("v{round}");
        rewrite(&place, &version);
        let mut warm = place
            .command(&["warm"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // It is killed as soon as this pool has been seen to be written: the next are under way.
        let pool = format!("mithril:pool:pool-{round:04}");
        let needle = format!("\"maintainer\":\"{version}\"");
        while !place.server.cli(&["GET", &pool]).contains(&needle) {
            assert!(
                warm.try_wait()
                    .unwrap()
                    .is_none_or(|status| status.success())
            );
        }
        warm.kill().unwrap();
        warm.wait().unwrap();
        let versions = versions(&place);
        assert_eq!(versions[round].as_deref(), Some(&*version));
    }
}

#[test]
fn without_a_redis_it_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    write_tree(&directory.path().join("exercises"), 1);
    let run = |arguments: &[&str]| -> Outcome {
        mithril(directory.path())
            .arg("cache")
            .args(arguments)
            .output()
            .unwrap()
            .into()
    };
    let outcome = run(&["status"]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("set redis.url"),
        "{}",
        outcome.stderr
    );
    let mut server = RedisServer::with(&["--requirepass", "hunter2"]);
    let url = server.url();
    let outcome = run(&["warm", "--redis-url", &url]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("wants a password"),
        "{}",
        outcome.stderr
    );
    let password = directory.path().join("password");
    std::fs::write(&password, "hunter2\n").unwrap();
    let flags = [
        "--redis-url",
        &url,
        "--redis-password-file",
        password.to_str().unwrap(),
    ];
    assert_eq!(run(&[&["warm"][..], &flags].concat()).code, 0);
    std::fs::write(&password, "hunter3\n").unwrap();
    let outcome = run(&[&["warm"][..], &flags].concat());
    assert!(
        outcome.stderr.contains("refuses the user or the password"),
        "{}",
        outcome.stderr
    );
    assert!(!outcome.stderr.contains("hunter"), "{}", outcome.stderr);
    server.kill();
    let outcome = run(&["invalidate", "--all", "--redis-url", &url]);
    assert_eq!(outcome.code, 2);
    assert!(
        outcome.stderr.contains("can't be reached"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn on_a_terminal_it_asks_before_it_removes_everything() {
    let place = Place::new(5);
    place.expect(0, &["warm"]);
    let answer = |answer: &str, arguments: &str| {
        let binary = env!("CARGO_BIN_EXE_mithril");
        let run = format!("{binary} cache invalidate --all {arguments}");
        // `script` gives it a terminal.
        let mut child = Command::new("script")
            .args(["-qec", &run, "/dev/null"])
            .env("REDIS_URL", place.server.url())
            .current_dir(place.directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is needed: apt-get install bsdutils");
        let mut stdin = child.stdin.take().unwrap();
        std::io::Write::write_all(&mut stdin, answer.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        drop(stdin);
        String::from_utf8(output.stdout).unwrap()
    };
    let screen = answer("no\n", "");
    assert!(
        screen.contains("Remove all pools and exercises"),
        "{screen}"
    );
    assert!(screen.contains("nothing was removed"), "{screen}");
    assert_eq!(place.keys(), 8);
    let screen = answer("y\n", "");
    assert!(screen.contains("8 keys removed"), "{screen}");
    assert_eq!(place.keys(), 0);
    place.expect(0, &["warm"]);
    let screen = answer("", "--yes");
    assert!(!screen.contains("Remove all"), "{screen}");
    assert_eq!(place.keys(), 0);
}

#[test]
fn what_is_cached_is_shown_as_the_tree_is() {
    let place = Place::new(0);
    let content = project("exercises");
    let content = content.to_str().unwrap();
    let show = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(place.directory.path());
        command
            .arg("show")
            .args(arguments)
            .env("REDIS_URL", place.server.url());
        command.output().unwrap().into()
    };
    let nothing = show(&["--from", "redis"]);
    assert_eq!(nothing.code, 2);
    assert!(
        nothing.stderr.contains("no pool is cached there"),
        "{}",
        nothing.stderr
    );
    place.expect(0, &["warm", "--content-dir", content]);
    for (what, format) in [
        (&["pool"][..], "table"),
        (&["pool"], "tsv"),
        (&["pool"], "json"),
        (&["pool", "c-basics"], "tsv"),
        (&["pool", "c-basics"], "json"),
        (&["exercise"], "tsv"),
        (&["exercise"], "json"),
        (&["exercise", "c-fizzbuzz"], "table"),
        (&["exercise", "c-fizzbuzz"], "tsv"),
        (&["exercise", "c-fizzbuzz"], "json"),
    ] {
        let from = |place: [&str; 2]| -> Vec<String> {
            let shown = show(&[what, &place, &["--format", format]].concat());
            assert_eq!(shown.code, 0, "{what:?}: {}", shown.stderr);
            // What an answer is worth is not known where there is no answer: the points come last.
            let known = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
                [ref most @ .., _] if most.len() == 6 => most.join("\t"),
                _ => line.to_owned(),
            };
            shown.stdout.lines().map(known).collect()
        };
        let (cached, tree) = (from(["--from", "redis"]), from(["--content-dir", content]));
        assert_eq!(cached, tree, "{what:?} {format}");
    }
    let unknown = show(&["exercise", "c-fizzbuz", "--from", "redis"]);
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("did you mean c-fizzbuzz"),
        "{}",
        unknown.stderr
    );
    // What is no exercise is left out, and named.
    place
        .server
        .cli(&["SET", "mithril:exercise:c-fizzbuzz", "{}"]);
    let rest = show(&["pool", "--from", "redis", "--format", "json"]);
    assert_eq!(rest.code, 0);
    assert!(
        rest.stderr.contains("mithril:exercise:c-fizzbuzz"),
        "{}",
        rest.stderr
    );
    let both = show(&["--from", "redis", "--content-dir", content]);
    assert_eq!(both.code, 2, "{}", both.stderr);
    let mut server = RedisServer::start();
    server.kill();
    let away = show(&["--from", "redis", "--redis-url", &server.url()]);
    assert_eq!(away.code, 2);
    assert!(away.stderr.contains("can't be reached"), "{}", away.stderr);
}

#[test]
fn what_is_cached_is_compared_with_a_tree() {
    let place = Place::new(150);
    let diff = |arguments: &[&str]| -> Outcome {
        let mut command = mithril(place.directory.path());
        command
            .arg("diff")
            .args(arguments)
            .env("REDIS_URL", place.server.url());
        command.output().unwrap().into()
    };
    place.expect(0, &["warm"]);
    for sides in [
        &["redis"][..],
        &["redis", "exercises"],
        &["exercises", "redis"],
    ] {
        let same = diff(&[sides, &["--exit-code"]].concat());
        assert_eq!(
            (same.code, same.stdout.lines().count()),
            (0, 1),
            "{}",
            same.stdout
        );
    }
    edit(&place.exercise(0, 7), "title: ", "Another");
    std::fs::remove_dir_all(place.exercise(1, 120).parent().unwrap()).unwrap();
    let text = std::fs::read_to_string(place.exercise(0, 8)).unwrap();
    std::fs::write(
        place.exercise(0, 8),
        text.replace("per_test: 40", "per_test: 30"),
    )
    .unwrap();
    let differs = diff(&["redis", "--exit-code", "--format", "json"]);
    assert_eq!(differs.code, 1, "{}", differs.stderr);
    let differs: Value = serde_json::from_str(&differs.stdout).unwrap();
    let told = |index: usize| {
        let exercise = &differs["exercises"][index];
        (
            exercise["id"].as_str().unwrap(),
            exercise["change"].as_str().unwrap(),
        )
    };
    assert_eq!(told(0), ("ex000007", "changed"));
    assert_eq!(told(1), ("ex000008", "changed"));
    assert_eq!(told(2), ("ex000120", "removed"));
    assert_eq!(
        differs["exercises"][0]["keys"],
        serde_json::json!(["title"])
    );
    assert_eq!(
        differs["exercises"][1]["points"],
        serde_json::json!({"old": 100, "new": 80})
    );
    assert_eq!(differs["pools"][0]["id"], "pool-0001");
    let back = diff(&["exercises", "redis", "--format", "tsv"]);
    assert!(
        back.stdout.contains("added\texercise\tex000120\tpool-0001"),
        "{}",
        back.stdout
    );
    // Answers are not cached, and so not missed.
    let sample = project("exercises");
    let sample = sample.to_str().unwrap();
    place.expect(0, &["warm", "--content-dir", sample]);
    let same = diff(&["redis", sample, "--exit-code"]);
    assert_eq!(
        (same.code, same.stdout.lines().count()),
        (0, 1),
        "{}",
        same.stdout
    );
}
