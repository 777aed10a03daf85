//! Why a certificate was not accepted.

use rustls::{CertificateError, OtherError};
use std::error::Error;
use std::{fmt, io};

/// What is wrong with a certificate. Display completes "it is not trusted: …".
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CertificateFault {
    /// Nobody who is trusted here vouches for it.
    UnknownIssuer,
    /// It names another host.
    OtherName,
    /// Its time is over.
    Expired,
    /// Its time has not come, or one of the clocks is wrong.
    NotValidYet,
    /// It is not the one whose fingerprint was given, but this one.
    NotPinned(String),
    /// Anything else.
    Refused(String),
}

impl CertificateFault {
    /// The fault among the causes of an error. `None`: something else failed.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        let rustls::Error::InvalidCertificate(fault) = tls_error(error)? else { return None };
        Some(match fault {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Self::OtherName,
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotValidYet,
            CertificateError::Other(OtherError(inner)) => match inner.downcast_ref::<OtherCertificate>() {
                Some(other) => Self::NotPinned(other.to_string()),
                None => Self::Refused(inner.to_string()),
            },
            other => Self::Refused(other.to_string()),
        })
    }
}

impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownIssuer => {
                f.write_str("its certificate is self-signed, or issued by an authority that is not trusted here")
            }
            Self::OtherName => f.write_str("its certificate is for another name or address"),
            Self::Expired => f.write_str("its certificate has expired"),
            Self::NotValidYet => f.write_str("its certificate is not valid yet"),
            Self::NotPinned(seen) => {
                write!(f, "the certificate presented has the SHA-256 fingerprint {seen}, which is not the one pinned")
            }
            Self::Refused(why) => write!(f, "its certificate is refused: {why}"),
        }
    }
}

/// What was presented instead of the certificate that was pinned.
#[derive(Debug)]
pub(super) struct OtherCertificate {
    pub(super) seen: [u8; 32],
}

impl fmt::Display for OtherCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.seen.iter().enumerate() {
            write!(f, "{}{byte:02X}", if at == 0 { "" } else { ":" })?;
        }
        Ok(())
    }
}

impl Error for OtherCertificate {}

/// The TLS error among the causes. An `io::Error` does not list what it wraps as its source.
fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn tls_errors_are_found_inside_of_io_errors() {
        let inner = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = io::Error::other(io::Error::other(inner));
        assert_eq!(CertificateFault::of(&wrapped), Some(CertificateFault::Expired));
        assert_eq!(CertificateFault::of(&io::Error::other("reset")), None);
        assert_eq!(CertificateFault::of(&rustls::Error::HandshakeNotComplete), None);
    }

    #[test]
    fn each_fault_has_its_own_words() {
        let pinned = OtherError(Arc::new(OtherCertificate { seen: [171; 32] }));
        let table = [
            (CertificateError::UnknownIssuer, "self-signed"),
            (CertificateError::NotValidForName, "another name"),
            (CertificateError::Expired, "expired"),
            (CertificateError::NotValidYet, "not valid yet"),
            (CertificateError::BadSignature, "is refused"),
            (CertificateError::Other(pinned), "AB:AB"),
        ];
        for (fault, words) in table {
            let text = CertificateFault::of(&rustls::Error::InvalidCertificate(fault)).unwrap().to_string();
            assert!(text.contains(words), "{text}");
        }
    }
}
