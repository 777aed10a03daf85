//! What a project may still use.

use crate::ports::Quota;
use serde::Deserialize;

/// Nova's `limits/absolute`; -1 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::openstack) struct ComputeLimits {
    max_total_instances: i64,
    total_instances_used: i64,
    max_total_cores: i64,
    total_cores_used: i64,
    #[serde(rename = "maxTotalRAMSize")]
    max_total_ram_size: i64,
    #[serde(rename = "totalRAMUsed")]
    total_ram_used: i64,
}

/// Cinder's `limits/absolute`; -1 is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::openstack) struct VolumeLimits {
    max_total_volumes: i64,
    total_volumes_used: i64,
    max_total_volume_gigabytes: i64,
    total_gigabytes_used: i64,
}

/// Limits less what is in use.
pub(in crate::openstack) fn quota(compute: ComputeLimits, volumes: VolumeLimits) -> Quota {
    Quota {
        servers: left(compute.max_total_instances, compute.total_instances_used),
        vcpus: left(compute.max_total_cores, compute.total_cores_used),
        ram_mib: left(compute.max_total_ram_size, compute.total_ram_used),
        volumes: left(volumes.max_total_volumes, volumes.total_volumes_used),
        volume_gib: left(volumes.max_total_volume_gigabytes, volumes.total_gigabytes_used),
    }
}

fn left(limit: i64, used: i64) -> Option<u64> {
    (limit >= 0).then(|| u64::try_from(limit.saturating_sub(used)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_limit_is_none_and_an_exceeded_one_leaves_nothing() {
        let compute = json!({"maxTotalInstances": 10, "totalInstancesUsed": 3, "maxTotalCores": -1, "totalCoresUsed": 7,
            "maxTotalRAMSize": 512, "totalRAMUsed": 1024, "maxServerMeta": 128});
        let volumes = json!({"maxTotalVolumes": 10, "totalVolumesUsed": 10, "maxTotalVolumeGigabytes": 1000,
            "totalGigabytesUsed": 40, "maxTotalBackups": 10});
        let read = quota(serde_json::from_value(compute).unwrap(), serde_json::from_value(volumes).unwrap());
        let expected =
            Quota { servers: Some(7), vcpus: None, ram_mib: Some(0), volumes: Some(0), volume_gib: Some(960) };
        assert_eq!(read, expected);
    }
}
