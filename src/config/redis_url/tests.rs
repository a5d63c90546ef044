//! Which texts are read, and what is said of the others.

use super::*;

#[test]
fn every_form_is_read_and_shown_without_secrets() {
    for (text, shown) in [
        ("redis://localhost", "redis://localhost:6379/0"),
        ("redis://localhost/", "redis://localhost:6379/0"),
        ("valkey://h:1/5", "redis://h:1/5"),
        ("rediss://:hunter2@h:1", "rediss://h:1/0"),
        ("redis://ann:hunter2@h:1/2", "redis://h:1/2"),
        ("redis://ann@h", "redis://h:6379/0"),
        ("redis://:hunter2%40%25@[::1]:7/1", "redis://[::1]:7/1"),
        ("redis://:hunter2@x@h", "redis://h:6379/0"),
        ("redis://[fe80::1]", "redis://[fe80::1]:6379/0"),
        ("unix:///run/redis.sock", "unix:///run/redis.sock"),
        (
            "redis+sentinel://:hunter2@a,b:1/mymaster/3",
            "redis+sentinel://a:26379,b:1/mymaster/3",
        ),
        (
            "rediss+sentinel://a/m?sentinel_password=hunter2",
            "rediss+sentinel://a:26379/m/0",
        ),
        (
            "redis+cluster://a,b:1,[::1]:2",
            "redis+cluster://a:6379,b:1,[::1]:2",
        ),
        ("rediss+cluster://:hunter2@a:1/0", "rediss+cluster://a:1"),
    ] {
        let url: RedisUrl = text.parse().unwrap();
        assert_eq!(url.to_string(), shown, "{text}");
        assert!(!format!("{url:?}").contains("hunter2"), "{url:?}");
        let has = url.password.is_some()
            || matches!(&url.place, RedisPlace::Sentinels { password, .. } if password.is_some());
        assert_eq!(has, text.contains("hunter2"), "{text}");
    }
}

#[test]
fn escapes_are_taken_out_of_names_and_passwords() {
    let url: RedisUrl = "redis://a%3Ab:p%40ss%25@h".parse().unwrap();
    assert_eq!(url.user.as_deref(), Some("a:b"));
    assert_eq!(url.password, Some(Secret::new("p@ss%".to_owned())));
}

#[test]
fn what_is_wrong_is_named_and_not_repeated() {
    for (text, error) in [
        ("localhost:6379", RedisUrlError::Scheme),
        ("http://hunter2@h", RedisUrlError::Scheme),
        ("redis://", RedisUrlError::NoHost),
        ("redis://:hunter2@", RedisUrlError::NoHost),
        ("redis://h:port", RedisUrlError::Host),
        ("redis://h:65536", RedisUrlError::Host),
        ("redis://[::1", RedisUrlError::Host),
        ("redis://::1", RedisUrlError::Host),
        ("redis://a,b", RedisUrlError::SeveralHosts),
        ("redis://h/hunter2", RedisUrlError::Database),
        ("redis://h?db=1", RedisUrlError::Parameter),
        ("redis://:100%@h", RedisUrlError::Escape),
        ("redis://:%f@h", RedisUrlError::Escape),
        ("redis://:%ff@h", RedisUrlError::Escape),
        ("redis+sentinel://a", RedisUrlError::NoMaster),
        ("redis+sentinel://a/m?x=1", RedisUrlError::Parameter),
        ("redis+cluster://a,,b", RedisUrlError::NoHost),
        ("redis+cluster://a/1", RedisUrlError::ClusterDatabase),
        ("unix://", RedisUrlError::NoSocket),
    ] {
        assert_eq!(text.parse::<RedisUrl>(), Err(error), "{text}");
        assert!(!error.to_string().contains("hunter2"));
    }
}
