//! Connections of volumes to hosts.

use crate::model::ArrayVolumeName;
use crate::pure::request::Request;
use serde_json::json;

const PATH: &str = "connections";

/// Who a volume is connected to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pure) enum Initiator<'a> {
    /// One host.
    Host(&'a str),
    /// All hosts of a group.
    HostGroup(&'a str),
}

impl Initiator<'_> {
    fn add_to(self, request: Request) -> Request {
        match self {
            Self::Host(name) => request.with_one("host_names", name),
            Self::HostGroup(name) => request.with_one("host_group_names", name),
        }
    }
}

/// Connections of volumes.
pub(in crate::pure) fn of_volumes(volumes: &[ArrayVolumeName]) -> Request {
    Request::get(PATH).with_list("volume_names", volumes)
}

/// Connects volumes; the array picks the LUN unless one is given, which is possible for one volume only. A repeat is
/// answered "Connection already exists.", so it may be repeated.
pub(in crate::pure) fn connect(to: Initiator<'_>, volumes: &[ArrayVolumeName], lun: Option<u16>) -> Request {
    let body = lun.map_or_else(|| json!({}), |lun| json!({"lun": lun}));
    to.add_to(Request::post(PATH)).repeatable().with_list("volume_names", volumes).body(body)
}

/// Disconnects volumes.
pub(in crate::pure) fn disconnect(from: Initiator<'_>, volumes: &[ArrayVolumeName]) -> Request {
    from.add_to(Request::delete(PATH)).with_list("volume_names", volumes)
}

#[cfg(test)]
mod tests {
    use super::super::testing::shown;
    use super::*;

    #[test]
    fn volumes_are_connected_and_disconnected() {
        let volumes = ["v1".into(), "v2".into()];
        assert_eq!(shown(&of_volumes(&volumes)), "GET connections?volume_names=v1,v2");
        assert_eq!(
            shown(&connect(Initiator::Host("h"), &volumes, None)),
            "POST connections?host_names=h&volume_names=v1,v2 {}"
        );
        assert_eq!(
            shown(&connect(Initiator::HostGroup("hg"), &["v1".into()], Some(5))),
            r#"POST connections?host_group_names=hg&volume_names=v1 {"lun":5}"#
        );
        assert_eq!(
            shown(&disconnect(Initiator::HostGroup("hg"), &volumes)),
            "DELETE connections?host_group_names=hg&volume_names=v1,v2"
        );
    }
}
