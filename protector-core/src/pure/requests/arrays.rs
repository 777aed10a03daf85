//! The array itself and those it is connected to.

use crate::pure::request::Request;

/// Id, present name and Purity version.
pub(in crate::pure) fn array() -> Request {
    Request::get("arrays")
}

/// Connections to other arrays.
pub(in crate::pure) fn connections() -> Request {
    Request::get("array-connections")
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;

    #[test]
    fn arrays_and_their_connections_are_read() {
        assert_eq!(shown(&array()), "GET arrays");
        assert_eq!(shown(&connections()), "GET array-connections");
    }
}
