use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::ids::{ExerciseId, PoolId, UserId};

fn principal(claims: &Value) -> Principal {
    Principal {
        grants: Grants::of_claims(claims.get("topics"), claims.get("rooms")),
        ..Principal::plain(UserId::parse("42").unwrap(), Timestamp::MAX)
    }
}

fn open() -> Rules {
    Rules::default()
}

fn claim() -> Rules {
    Rules {
        room_policy: RoomPolicy::Claim,
        ..Rules::default()
    }
}

fn subscribes(principal: &Principal, rules: Rules, name: &str) -> bool {
    let pattern = TopicPattern::parse(name, Some(&principal.user));
    pattern.is_some_and(|pattern| authorize(principal, rules, Intent::Subscribe(&pattern)).is_ok())
}

fn allowed(principal: &Principal, rules: Rules, intent: Intent<'_>) -> bool {
    authorize(principal, rules, intent).is_ok()
}

#[test]
fn what_a_user_without_claims_may_hear() {
    let user = principal(&json!({}));
    for (name, allowed) in [
        ("ws:42", true),
        ("ws:{user_id}", true),
        ("ws:4", false),
        ("ws:421", false),
        ("ws:*", false),
        ("ws:>", false),
        ("ws:42.x", false),
        ("ws:", false),
        ("ws:{user_id}x", false),
        ("exercise.42.progress", true),
        ("exercise.{user_id}.status", true),
        ("exercise.4.progress", false),
        ("exercise.421.status", false),
        ("exercise.*.progress", false),
        ("exercise.>", false),
        ("exercise.42.>", false),
        ("exercise.42.x", false),
        ("grading.42.ex01.result", true),
        ("grading.{user_id}.*.result", true),
        ("grading.*.ex01.result", false),
        ("grading.*.*.result", false),
        ("grading.4.ex01.result", false),
        ("grading.42.>.result", false),
        ("grading.42.ex01.submit", false),
        ("exercise.updated", true),
        ("exercise.pool.updated", true),
        ("room:a", true),
        ("room:*", false),
        ("room:a.b", false),
        ("room:../a", false),
        ("project:p", true),
        ("project:*", false),
        ("websocket:broadcast", false),
        ("mithril:live:room:a", false),
        ("mithril:stream:ws:42", false),
        ("*", false),
        (">", false),
        ("", false),
    ] {
        assert_eq!(subscribes(&user, open(), name), allowed, "{name}");
    }
}

#[test]
fn a_topics_claim_grants_subsets_of_what_it_may_grant() {
    let tutor = principal(&json!({"topics": [
        "exercise.*.progress", "grading.*.ex01.result", "room:*", "project:p",
        // None of these is anyone's to grant.
        "ws:7", "ws:*", "*", ">", "exercise.>", "exercise.*.*", "exercise.{user_id}.x", 7, null
    ]}));
    for (name, allowed) in [
        ("exercise.*.progress", true),
        ("exercise.7.progress", true),
        ("exercise.*.status", false),
        ("exercise.7.status", false),
        ("grading.*.ex01.result", true),
        ("grading.7.ex01.result", true),
        ("grading.7.ex02.result", false),
        ("grading.*.*.result", false),
        ("grading.7.*.result", false),
        ("room:*", true),
        ("room:a", true),
        ("project:p", true),
        ("project:q", false),
        ("project:*", false),
        ("ws:7", false),
        ("ws:*", false),
        ("ws:42", true),
        ("exercise.>", false),
    ] {
        assert_eq!(subscribes(&tutor, claim(), name), allowed, "{name}");
    }
}

#[test]
fn a_topics_claim_is_for_hearing_alone() {
    let tutor = principal(&json!({"topics": ["room:*"]}));
    let room = Topic::parse("room:a").unwrap();
    let publish = Intent::Publish {
        topic: &room,
        joined: true,
    };
    assert!(!allowed(&tutor, claim(), Intent::Join(&room)));
    assert!(!allowed(&tutor, claim(), publish));
    assert!(allowed(&tutor, claim(), Intent::Presence(&room)));
    assert!(allowed(&tutor, claim(), Intent::History(&room)));
}

#[test]
fn a_claim_that_is_no_list_grants_nothing() {
    for claims in [
        json!({"topics": "room:*", "rooms": "a"}),
        json!({"topics": {"room:*": true}, "rooms": {"a": 1}}),
        json!({"topics": null, "rooms": null}),
    ] {
        let user = principal(&claims);
        assert!(!subscribes(&user, claim(), "room:a"), "{claims}");
        assert!(!subscribes(&user, claim(), "room:*"), "{claims}");
    }
}

#[test]
fn rooms_are_open_or_by_claim() {
    let user = principal(&json!({"rooms": ["a", "project:p", "a.b", "*", ">", "ws:42"]}));
    let lobby = Rules {
        lobby: true,
        ..claim()
    };
    for (name, in_open, in_claim, in_lobby) in [
        ("room:a", true, true, true),
        ("room:b", true, false, false),
        ("room:ab", true, false, false),
        ("room:lobby", true, false, true),
        ("project:p", true, true, true),
        ("project:a", true, false, false),
        ("project:lobby", true, false, false),
    ] {
        let topic = Topic::parse(name).unwrap();
        for (rules, expected) in [(open(), in_open), (claim(), in_claim), (lobby, in_lobby)] {
            for intent in [
                Intent::Join(&topic),
                Intent::Presence(&topic),
                Intent::History(&topic),
            ] {
                let answer = allowed(&user, rules, intent);
                assert_eq!(answer, expected, "{rules:?} {intent:?}");
            }
            assert_eq!(subscribes(&user, rules, name), expected, "{rules:?} {name}");
        }
    }
}

#[test]
fn who_has_joined_may_publish_to_a_room_and_where_allowed_to_a_project() {
    let user = principal(&json!({"rooms": ["a"], "topics": ["room:*", "project:*"]}));
    let publishing = Rules {
        project_publish: true,
        ..open()
    };
    for (name, joined, rules, expected) in [
        ("room:a", true, open(), true),
        ("room:a", false, open(), false),
        ("room:a", true, claim(), true),
        ("room:b", true, claim(), false),
        ("project:p", true, open(), false),
        ("project:p", true, publishing, true),
        ("project:p", false, publishing, false),
        ("ws:42", true, publishing, false),
        ("exercise.42.status", true, publishing, false),
        ("grading.42.e.result", true, publishing, false),
        ("exercise.updated", true, publishing, false),
    ] {
        let topic = Topic::parse(name).unwrap();
        let intent = Intent::Publish {
            topic: &topic,
            joined,
        };
        assert_eq!(allowed(&user, rules, intent), expected, "{intent:?}");
    }
}

#[test]
fn members_and_history_are_where_they_can_be() {
    let user = principal(&json!({}));
    for (name, members, history) in [
        ("ws:42", false, true),
        ("ws:4", false, false),
        ("room:a", true, true),
        ("project:p", true, true),
        ("exercise.42.progress", false, false),
        ("exercise.updated", false, false),
    ] {
        let topic = Topic::parse(name).unwrap();
        let may = |intent| allowed(&user, open(), intent);
        assert_eq!(may(Intent::Presence(&topic)), members, "{name}");
        assert_eq!(may(Intent::Join(&topic)), members, "{name}");
        assert_eq!(may(Intent::History(&topic)), history, "{name}");
    }
}

#[test]
fn scopes_let_one_publish_where_they_say_and_no_further() {
    const NAMES: [&str; 7] = [
        "ws:42",
        "ws:7",
        "room:a",
        "room:b",
        "project:p",
        "exercise.42.progress",
        "exercise.updated",
    ];
    for (scope, allowed) in [
        ("publish", &NAMES[..]),
        ("publish:ws:*", &["ws:42", "ws:7"]),
        ("publish:ws:7", &["ws:7"]),
        ("publish:room:*", &["room:a", "room:b"]),
        ("publish:room:b", &["room:b"]),
        ("publish:project:*", &["project:p"]),
        ("publish:exercise.*.progress", &["exercise.42.progress"]),
        ("publish:ws:7 publish:room:a", &["ws:7", "room:a"]),
        ("admin", &[]),
        ("", &[]),
        ("publish:", &[]),
        ("publish:*", &[]),
        ("publish:>", &[]),
        ("publish:ws:", &[]),
        ("publish:ws:{user_id}", &[]),
        ("publish:ws:4*", &[]),
        ("Publish", &[]),
        ("publish:room", &[]),
        ("publisher", &[]),
        ("unpublish", &[]),
        ("publish :room:a", &NAMES[..]),
        ("write admins", &[]),
    ] {
        let principal = Principal {
            scopes: Scopes::of(scope.split_whitespace()),
            ..principal(&json!({"rooms": ["a"], "topics": ["room:*"]}))
        };
        for name in NAMES {
            let topic = Topic::parse(name).unwrap();
            let answer = allowed_by(&principal, Intent::Notify(&topic));
            assert_eq!(answer, allowed.contains(&name), "{scope:?} {name}");
        }
    }
}

#[test]
fn only_the_scope_admin_ends_connections_of_others() {
    for (scope, allowed) in [
        ("admin", true),
        ("publish admin", true),
        ("publish", false),
        ("publish:admin", false),
        ("Admin", false),
        ("admin:ws:42", false),
        ("", false),
    ] {
        let principal = Principal {
            scopes: Scopes::of(scope.split_whitespace()),
            ..principal(&json!({}))
        };
        let answer = allowed_by(&principal, Intent::Disconnect);
        assert_eq!(answer, allowed, "{scope:?}");
    }
}

fn allowed_by(principal: &Principal, intent: Intent<'_>) -> bool {
    allowed(principal, open(), intent)
}

fn actions() -> [Action; 6] {
    let exercise = || ExerciseId::parse("e").unwrap();
    let pool = || PoolId::parse("p").unwrap();
    [
        Action::ListPools,
        Action::GetPool(pool()),
        Action::ListExercises(pool()),
        Action::GetExercise(exercise()),
        Action::Launch(exercise()),
        Action::Submit(exercise()),
    ]
}

#[test]
fn a_user_acts_in_the_own_name_only() {
    let principal = principal(&json!({"topics": ["exercise.*.status"]}));
    for (user, expected) in [
        (Some("42"), true),
        (Some("4"), false),
        (Some("421"), false),
        (Some("4 2"), false),
        (Some("*"), false),
        (Some(">"), false),
        (Some("{user_id}"), false),
        (Some(""), false),
    ] {
        for action in actions() {
            let user = user.map(str::to_owned);
            let call = Call { user, action };
            let answer = allowed(&principal, open(), Intent::Call(&call));
            assert_eq!(answer, expected, "{call:?}");
        }
    }
}

#[test]
fn a_submission_names_its_user() {
    let principal = principal(&json!({}));
    for action in actions() {
        let submits = matches!(action, Action::Submit(_));
        let call = Call { user: None, action };
        let answer = allowed(&principal, open(), Intent::Call(&call));
        assert_eq!(answer, !submits, "{call:?}");
    }
}
