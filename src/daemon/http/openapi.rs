//! `/openapi.json` describes every route and no other: a test holds it against the tables of routes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

use crate::gateway::Route;

/// The description of a daemon without a base path.
const DESCRIPTION: &str = include_str!("openapi.json");

/// The description of one daemon.
#[derive(Debug, Clone)]
pub(super) struct Description(Arc<str>);

impl Description {
    /// Of a daemon with this base path, whose metrics may be elsewhere.
    pub(super) fn of(base_path: &str, metrics_apart: bool) -> Self {
        let Ok(mut description) = serde_json::from_str::<Value>(DESCRIPTION) else {
            return Self(DESCRIPTION.into());
        };
        if !base_path.is_empty() {
            description["servers"] = json!([{"url": base_path}]);
        }
        if metrics_apart && let Some(paths) = description["paths"].as_object_mut() {
            paths.remove("/metrics");
        }
        Self(description.to_string().into())
    }
}

/// The route of the description, which needs no token.
pub(super) fn routes() -> Vec<Route<Description>> {
    vec![Route::get("/openapi.json", show)]
}

async fn show(State(Description(text)): State<Description>) -> impl IntoResponse {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (kind, text.to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{health, scrape};
    use super::*;
    use crate::gateway::Gateway;

    fn description() -> Value {
        serde_json::from_str(DESCRIPTION).unwrap()
    }

    /// A path and a method.
    type Name = (String, String);

    fn named<S>(routes: &[Route<S>]) -> impl Iterator<Item = Name> {
        routes.iter().map(|route| {
            let method = route.method.as_str().to_ascii_lowercase();
            (route.path.to_owned(), method)
        })
    }

    /// The routes of the document that are at the root, whatever the base path, and those that are
    /// not.
    fn described() -> (BTreeSet<Name>, BTreeSet<Name>) {
        const FIELDS: [&str; 4] = ["servers", "parameters", "summary", "description"];
        let description = description();
        let paths = description["paths"].as_object().unwrap();
        let all = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            let methods = methods.filter(|key| !FIELDS.contains(&key.as_str()));
            let is_root = item["servers"] == json!([{"url": "/"}]);
            methods.map(move |method| (is_root, (path.clone(), method.clone())))
        });
        let (root, based): (Vec<_>, Vec<_>) = all.partition(|(is_root, _)| *is_root);
        let names = |routes: Vec<_>| routes.into_iter().map(|(_, name)| name).collect();
        (names(root), names(based))
    }

    #[test]
    fn every_route_is_described_and_every_description_is_of_a_route() {
        let (root, based) = described();
        let routes: BTreeSet<_> = named(&health::routes())
            .chain(named(&scrape::routes()))
            .chain(named(&routes()))
            .collect();
        assert_eq!(root, routes);
        let routes: BTreeSet<_> = named(&Gateway::routes()).collect();
        assert_eq!(based, routes);
    }

    #[test]
    fn every_name_in_a_path_is_a_parameter() {
        let description = description();
        for (path, item) in description["paths"].as_object().unwrap() {
            let names: BTreeSet<_> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let operations = item.as_object().unwrap().values();
            for operation in operations.filter(|operation| operation.is_object()) {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let parameters = parameters.map(|parameter| {
                    let place = parameter["$ref"].as_str().unwrap();
                    let place = place.strip_prefix('#').unwrap();
                    description.pointer(place).unwrap()
                });
                let described: BTreeSet<_> = parameters
                    .filter(|parameter| parameter["in"] == "path")
                    .map(|parameter| parameter["name"].as_str().unwrap())
                    .collect();
                assert_eq!(described, names, "{path}");
            }
        }
    }

    #[test]
    fn it_is_of_this_version_and_of_this_daemon() {
        let read = |base, apart| -> Value {
            let Description(text) = Description::of(base, apart);
            serde_json::from_str(&text).unwrap()
        };
        let plain = read("", false);
        assert_eq!(plain, description());
        assert_eq!(plain["info"]["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(plain["servers"][0]["url"], "/");
        let other = read("/api/chat-api", true);
        assert_eq!(other["servers"], json!([{"url": "/api/chat-api"}]));
        assert_eq!(other["paths"].get("/metrics"), None);
        assert!(plain["paths"].get("/metrics").is_some());
    }
}
