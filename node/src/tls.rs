//! TLS towards callers: rustls with aws-lc-rs, passed explicitly.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::ListenConfig;
use crate::error::{Error, Result};

/// The server's TLS settings, TLS 1.2 and 1.3; `None` where no certificate is configured.
pub fn server(config: &ListenConfig) -> Result<Option<ServerConfig>> {
    let (certificate, key) = match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        _ => return Err(Error::Setup("listen: tls_certificate and tls_key belong together".into())),
    };
    let chain = CertificateDer::pem_reader_iter(open(certificate)?)
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|cause| unreadable(certificate, &cause))?;
    let private = PrivateKeyDer::from_pem_reader(open(key)?).map_err(|cause| unreadable(key, &cause))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map(Some)
        .map_err(|cause| Error::Setup(format!("listen: {cause}")))
}

fn open(path: &Path) -> Result<BufReader<File>> {
    File::open(path).map(BufReader::new).map_err(|cause| unreadable(path, &cause))
}

fn unreadable(path: &Path, cause: &dyn std::fmt::Display) -> Error {
    Error::Setup(format!("{}: {cause}", path.display()))
}
