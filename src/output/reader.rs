//! Whoever reads standard output may go away while there is nothing to print.

use std::future::pending;
use std::io;
use std::os::fd::AsFd;

use tokio::io::Interest;
use tokio::net::unix::pipe::Sender;

/// Waits until nobody reads standard output any more; for ever where that can't be told, as of a file.
pub(super) async fn gone() {
    let gone = async || {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        // Nothing is written to it here: whoever prints goes on to wait for its reader.
        let pipe = Sender::from_owned_fd_unchecked(stdout)?;
        // That its other end is closed is an error of this one.
        pipe.ready(Interest::ERROR).await.map(drop)
    };
    if gone().await.is_err() {
        pending::<()>().await;
    }
}
