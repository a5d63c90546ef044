use super::*;

fn pattern(name: &str) -> TopicPattern {
    TopicPattern::parse(name, None).unwrap_or_else(|| panic!("{name}"))
}

#[test]
fn the_own_user_is_filled_in_where_a_user_belongs() {
    let own = UserId::parse("42").unwrap();
    let name = |text: &str| TopicPattern::parse(text, Some(&own)).map(|p| p.to_string());
    assert_eq!(name("ws:{user_id}").unwrap(), "ws:42");
    assert_eq!(
        name("exercise.{user_id}.status").unwrap(),
        "exercise.42.status"
    );
    assert_eq!(
        name("grading.{user_id}.*.result").unwrap(),
        "grading.42.*.result"
    );
    for other in [
        "room:{user_id}",
        "grading.42.{user_id}.result",
        "ws:x{user_id}",
    ] {
        assert_eq!(name(other), None, "{other}");
    }
}

#[test]
fn a_pattern_covers_its_subsets_only() {
    for (whole, part, covered) in [
        ("exercise.*.progress", "exercise.*.progress", true),
        ("exercise.*.progress", "exercise.42.progress", true),
        ("exercise.42.progress", "exercise.*.progress", false),
        ("exercise.*.progress", "exercise.42.status", false),
        ("exercise.4.progress", "exercise.42.progress", false),
        ("grading.*.*.result", "grading.42.*.result", true),
        ("grading.*.ex01.result", "grading.42.ex01.result", true),
        ("grading.*.ex01.result", "grading.42.*.result", false),
        ("grading.42.*.result", "grading.*.ex01.result", false),
        ("room:*", "room:a", true),
        ("room:*", "project:a", false),
        ("exercise.updated", "exercise.updated", true),
        ("exercise.updated", "exercise.pool.updated", false),
    ] {
        let answer = pattern(whole).covers(&pattern(part));
        assert_eq!(answer, covered, "{whole} {part}");
    }
}

#[test]
fn a_star_stands_for_a_whole_id_and_has_no_friend() {
    for name in [
        "room:a*",
        "room:**",
        "exercise.>.progress",
        "exercise.4*.progress",
        "grading.*.result",
        "ws:*",
        "*",
    ] {
        assert_eq!(TopicPattern::parse(name, None), None, "{name}");
    }
}

#[test]
fn a_topic_is_the_pattern_that_stands_for_it_alone() {
    for name in [
        "ws:1",
        "room:a",
        "project:p",
        "exercise.1.progress",
        "grading.1.e.result",
    ] {
        let pattern = pattern(name);
        let topic = pattern.concrete().unwrap();
        assert_eq!(TopicPattern::from(topic), pattern);
    }
    for name in ["room:*", "grading.*.e.result", "grading.1.*.result"] {
        assert_eq!(pattern(name).concrete(), None);
    }
}
