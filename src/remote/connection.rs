//! A connection is made within a time limit, and encrypted where the URL says so.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::{Endpoint, RemoteError};

/// Bytes both ways, encrypted or not.
pub trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection.
pub type Connection = Box<dyn Duplex>;

/// Connects to where a gateway is.
pub async fn connect(endpoint: &Endpoint, limit: Duration) -> Result<Connection, RemoteError> {
    let to = endpoint.authority();
    match timeout(limit, open(endpoint)).await {
        Ok(opened) => opened.map_err(|source| RemoteError::Connect { to, source }),
        Err(_) => Err(RemoteError::Timeout { to, limit }),
    }
}

async fn open(endpoint: &Endpoint) -> io::Result<Connection> {
    let plain = TcpStream::connect((endpoint.host(), endpoint.port())).await?;
    // Frames are small and each is waited for.
    plain.set_nodelay(true)?;
    if !endpoint.is_encrypted() {
        return Ok(Box::new(plain));
    }
    let name = ServerName::try_from(endpoint.host().to_owned());
    let name = name.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let connector = TlsConnector::from(Arc::new(tls()?));
    Ok(Box::new(connector.connect(name, plain).await?))
}

/// By the certificates that the system trusts.
fn tls() -> io::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    // What of them can't be read is not trusted; without any, no name can be verified.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
