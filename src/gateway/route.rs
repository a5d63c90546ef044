//! A route stands in a table before it is in a router, so that what is served can be held against
//! what is documented.

use std::fmt;

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{self, MethodRouter};

/// A method and a path, and what answers there.
pub struct Route<S> {
    /// The method. Whatever answers `GET` answers `HEAD` too.
    pub method: Method,
    /// The path, with names in braces for its variable parts.
    pub path: &'static str,
    answer: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    /// What answers `GET`.
    pub fn get<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self {
            method: Method::GET,
            path,
            answer: routing::get(handler),
        }
    }

    /// What answers `POST`.
    pub fn post<H, T>(path: &'static str, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        Self {
            method: Method::POST,
            path,
            answer: routing::post(handler),
        }
    }
}

/// A router of these routes, behind this path.
pub fn mount<S>(routes: Vec<Route<S>>, base_path: &str, state: S) -> Router
where
    S: Clone + Send + Sync + 'static,
{
    let add = |router: Router<S>, route: Route<S>| {
        router.route(&format!("{base_path}{}", route.path), route.answer)
    };
    routes
        .into_iter()
        .fold(Router::new(), add)
        .with_state(state)
}

impl<S> fmt::Debug for Route<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
