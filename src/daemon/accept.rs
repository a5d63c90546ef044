//! Whoever connects has a short while to send a request's head, and costs little until then.
//!
//! `axum::serve` waits for a head for ever, so a thousand half-open handshakes would stay. Here each
//! connection is a named task with a time limit, and learns when the daemon stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tower::ServiceExt;

use crate::gateway::PeerAddress;
use crate::lingering::{Connection, Lingering};
use crate::shutdown::Tasks;

/// The most bytes of a request's head; a token in it may have a few KiB.
const MAX_HEAD: usize = 32 * 1024;

/// Accepts connections until the tasks are asked to stop.
pub(super) async fn accept(
    mut listener: Lingering,
    router: Router,
    header_timeout: Duration,
    tasks: Tasks,
) {
    let stopping = tasks.stopping();
    loop {
        let accepted = stopping.run_until_cancelled(listener.accept()).await;
        let Some((connection, peer)) = accepted else {
            return;
        };
        let serving = serve(
            connection,
            peer,
            router.clone(),
            header_timeout,
            tasks.clone(),
        );
        tasks.spawn("http", serving);
    }
}

async fn serve(
    connection: Connection,
    peer: SocketAddr,
    router: Router,
    header_timeout: Duration,
    tasks: Tasks,
) {
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(PeerAddress(peer.ip()));
        answer(router.clone(), request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(MAX_HEAD)
        .serve_connection(TokioIo::new(connection), service)
        .with_upgrades();
    let mut serving = pin!(serving);
    let stopping = tasks.stopping();
    let ended = tokio::select! {
        ended = &mut serving => ended,
        () = stopping.cancelled() => {
            // What has been asked is answered, and nothing more is.
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = &error as &dyn std::error::Error, "http ended");
    }
}

async fn answer(router: Router, request: Request) -> Result<Response, Infallible> {
    router.oneshot(request).await
}
