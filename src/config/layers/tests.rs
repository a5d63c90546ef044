//! Where values come from, and that secrets stay secret.

use std::path::Path;

use super::*;
use crate::config::{Config, RoomPolicy};

const SECRET: &str = "a secret of at least thirty-two bytes";

fn load(environment: &[(&str, &str)], flags: &[(&'static str, &str)]) -> Result<Config, String> {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("mithril.toml");
    std::fs::write(&file, "").unwrap();
    let owned = |(k, v): &(&str, &str)| ((*k).to_owned(), (*v).to_owned());
    let layers = Layers {
        file: Some(file),
        environment: environment.iter().map(owned).collect(),
        flags: flags.iter().map(|(k, v)| (*k, (*v).to_owned())).collect(),
    };
    Config::load(&layers).map_err(|error| error.to_string())
}

fn secret(config: &Config) -> Option<&str> {
    Some(config.auth.secret.as_ref()?.expose())
}

fn written(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_secret_comes_from_a_variable_a_file_or_the_credentials() {
    let directory = tempfile::tempdir().unwrap();
    let path = written(directory.path(), "auth.secret", &format!("{SECRET}\n"));
    let credentials = directory.path().to_str().unwrap();
    let variable = load(&[("JWT_SECRET_KEY", SECRET)], &[]).unwrap();
    assert_eq!(secret(&variable), Some(SECRET));
    let file = format!("file:{path}");
    let flag = load(&[("JWT_SECRET_KEY", "x")], &[("auth.secret", &file)]).unwrap();
    assert_eq!(secret(&flag), Some(SECRET));
    let credential = load(&[("CREDENTIALS_DIRECTORY", credentials)], &[]).unwrap();
    assert_eq!(secret(&credential), Some(SECRET));
    assert_eq!(secret(&load(&[], &[]).unwrap()), None);
    let shown = format!("{variable:?}{flag:?}{credential:?}");
    assert!(!shown.contains(SECRET));
}

#[test]
fn a_list_of_secrets_has_one_a_line_or_commas() {
    let directory = tempfile::tempdir().unwrap();
    let file = written(directory.path(), "auth.api_keys", "one\n two\r\n\nthree\n");
    let read = |environment: &[(&str, &str)]| {
        let config = load(environment, &[]).unwrap();
        let keys = config.auth.api_keys.iter();
        let keys: Vec<_> = keys.map(|key| key.expose().clone()).collect();
        assert!(!format!("{config:?}").contains("two"));
        keys
    };
    let credentials = directory.path().to_str().unwrap();
    for environment in [
        ("MITHRIL_AUTH_API_KEYS", format!("file:{file}")),
        ("MITHRIL_AUTH_API_KEYS", "one,two, three".to_owned()),
        (
            "MITHRIL_AUTH_API_KEYS",
            r#"["one","two","three"]"#.to_owned(),
        ),
        ("CREDENTIALS_DIRECTORY", credentials.to_owned()),
    ] {
        let environment = [(environment.0, environment.1.as_str())];
        assert_eq!(read(&environment), ["one", "two", "three"]);
    }
    let error = load(&[("MITHRIL_AUTH_API_KEYS", "[one")], &[]).unwrap_err();
    assert_eq!(
        error,
        "the variable MITHRIL_AUTH_API_KEYS: `auth.api_keys` must be a list of texts, or a text \
         with one in each line"
    );
}

#[test]
fn a_secret_is_not_shown_when_it_is_wrong() {
    let directory = tempfile::tempdir().unwrap();
    let empty = format!("file:{}", written(directory.path(), "empty", "\n"));
    let error = load(&[("JWT_SECRET_KEY", &empty)], &[]).unwrap_err();
    assert_eq!(
        error,
        "the variable JWT_SECRET_KEY: `auth.secret` must be a text that is not empty"
    );
}

#[test]
fn no_flag_takes_a_secret_itself() {
    for key in KEYS {
        assert_eq!(key.flag().ends_with("-file"), key.secret, "{}", key.path);
    }
}

#[test]
fn the_variables_of_older_services_are_read() {
    let config = load(
        &[
            ("AUTH_ENABLED", "false"),
            ("JWT_ALGORITHM", "RS256"),
            ("JWT_AUDIENCE", "a,b"),
            ("JWT_ISSUER", "me"),
            (
                "CORS_ORIGINS",
                r#"["https://a.example","https://b.example"]"#,
            ),
            ("WEBSOCKET_MAX_CONNECTIONS_PER_USER", "7"),
            ("WEBSOCKET_IDLE_TIMEOUT", "0"),
            ("MITHRIL_BASE_PATH", "/api/chat-api/"),
            ("MITHRIL_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ],
        &[],
    )
    .unwrap();
    assert!(!config.auth.enabled);
    assert_eq!(config.auth.algorithm, jsonwebtoken::Algorithm::RS256);
    assert_eq!(config.auth.audience, ["a", "b"]);
    assert_eq!(config.auth.issuer.as_deref(), Some("me"));
    assert_eq!(
        config.cors.origins,
        ["https://a.example", "https://b.example"]
    );
    assert_eq!(config.limits.connections_per_user, 7);
    assert_eq!(config.limits.idle, Duration::ZERO);
    assert_eq!(config.server.base_path, "/api/chat-api");
    let proxies: Vec<_> = config
        .server
        .trusted_proxies
        .iter()
        .map(IpNet::to_string)
        .collect();
    assert_eq!(proxies, ["10.0.0.0/8", "::1/128"]);
    let commas = load(&[("CORS_ORIGINS", "https://a.example, *")], &[]).unwrap();
    assert_eq!(commas.cors.origins, ["https://a.example", "*"]);
    let others = "http://localhost:5173,http://[::1]:80,http://[::1],app://x_y,https://a.example/";
    let others = load(&[("CORS_ORIGINS", others)], &[]).unwrap();
    assert_eq!(others.cors.origins.len(), 5);
}

#[test]
fn what_is_not_of_its_type_is_refused() {
    for (variable, value, key) in [
        ("AUTH_ENABLED", "perhaps", "auth.enabled"),
        ("JWT_ALGORITHM", "none", "auth.algorithm"),
        ("MITHRIL_BASE_PATH", "/a/../b", "server.base_path"),
        ("MITHRIL_BASE_PATH", "/a/{b}", "server.base_path"),
        (
            "MITHRIL_SERVER_TRUSTED_PROXIES",
            "10.0.0.0/33",
            "server.trusted_proxies",
        ),
        ("MITHRIL_LIMITS_CONNECTIONS", "many", "limits.connections"),
        ("MITHRIL_LIMITS_CONNECTIONS", "0", "limits.connections"),
        ("MITHRIL_LIMITS_PONG_TIMEOUT", "0", "limits.pong_timeout"),
        ("MITHRIL_LIMITS_AUTH_TIMEOUT", "0s", "limits.auth_timeout"),
        ("MITHRIL_LIMITS_WRITE_TIMEOUT", "0", "limits.write_timeout"),
        (
            "MITHRIL_LIMITS_PING_INTERVAL",
            "0ms",
            "limits.ping_interval",
        ),
        (
            "MITHRIL_LIMITS_REQUEST_TIMEOUT",
            "0",
            "limits.request_timeout",
        ),
        ("CORS_ORIGINS", "a.example", "cors.origins"),
        ("CORS_ORIGINS", "https://a.example, null", "cors.origins"),
        ("CORS_ORIGINS", "https://*.example", "cors.origins"),
        ("CORS_ORIGINS", "https://a.example/path", "cors.origins"),
        ("CORS_ORIGINS", "https://a.example:http", "cors.origins"),
        ("CORS_ORIGINS", "https://", "cors.origins"),
        ("MITHRIL_AUTH_JWKS", "/nowhere/at/all", "auth.jwks"),
    ] {
        let error = load(&[(variable, value)], &[]).unwrap_err();
        let begin = format!("the variable {variable}: `{key}`");
        assert!(error.starts_with(&begin), "{error}");
    }
}

#[test]
fn rooms_are_for_all_unless_the_operator_says_otherwise() {
    let config = load(&[], &[]).unwrap();
    let rules = |config: &Config| {
        let auth = &config.auth;
        let lobby = config.gateway.lobby;
        (auth.room_policy, auth.project_publish, lobby)
    };
    assert_eq!(rules(&config), (RoomPolicy::Open, false, false));
    assert_eq!(config.limits.payload, 256 * 1024);
    assert_eq!(config.limits.request_timeout, Duration::from_secs(5));
    let environment = [
        ("MITHRIL_AUTH_ROOM_POLICY", "claim"),
        ("MITHRIL_AUTH_PROJECT_PUBLISH", "true"),
        ("MITHRIL_GATEWAY_LOBBY", "true"),
        ("MITHRIL_LIMITS_REQUEST_TIMEOUT", "250ms"),
    ];
    let config = load(&environment, &[]).unwrap();
    assert_eq!(rules(&config), (RoomPolicy::Claim, true, true));
    assert_eq!(config.limits.request_timeout, Duration::from_millis(250));
    let error = load(&[], &[("auth.room_policy", "closed")]).unwrap_err();
    assert!(error.contains("one of open, claim"), "{error}");
}

#[test]
fn redis_is_where_the_url_says_and_keys_apart_beat_it() {
    let url = |environment: &[(&str, &str)]| load(environment, &[]).unwrap().redis.server;
    assert_eq!(url(&[("REDIS_PASSWORD", SECRET)]), None);
    let given = url(&[("REDIS_URL", "redis://:theirs@h/1")]).unwrap();
    assert_eq!(
        (given.to_string().as_str(), given.db),
        ("redis://h:6379/1", 1)
    );
    assert_eq!(given.password.unwrap().expose(), "theirs");
    let given = url(&[
        ("REDIS_URL", "redis://:theirs@h/1"),
        ("REDIS_PASSWORD", SECRET),
        ("REDIS_DB", "7"),
    ]);
    let given = given.unwrap();
    assert_eq!(
        (given.password.unwrap().expose().as_str(), given.db),
        (SECRET, 7)
    );
}

#[test]
fn a_wrong_url_of_redis_is_not_repeated() {
    let error = |environment: &[(&str, &str)]| load(environment, &[]).unwrap_err();
    let wrong = error(&[("REDIS_URL", "reddis://:hunter2@h")]);
    assert!(wrong.starts_with("the variable REDIS_URL: `redis.url` must begin with redis://"));
    assert!(!wrong.contains("hunter2"), "{wrong}");
    let cluster = error(&[("REDIS_URL", "redis+cluster://h"), ("REDIS_DB", "1")]);
    assert_eq!(
        cluster,
        "the variable REDIS_DB: `redis.db` names a database, and a cluster has but one"
    );
    let ttl = error(&[("CACHE_TTL", "0")]);
    assert!(
        ttl.contains("`cache.ttl` must be at least a second"),
        "{ttl}"
    );
}
