//! The array itself: what it is, its space, its performance; and the versions it speaks.

use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::{Access, Route};
use crate::sentences;
use protector_core::mock::{ArrayRow, ArrayTx, ArrayUsage};
use serde::Deserialize;
use serde_json::{Map, Value, json};

static ARRAY: Noun = Noun { title: "Array" };

/// Usable capacity in bytes: 100 TiB.
const CAPACITY: u64 = 100 << 40;
/// Bytes that one write of the world's hosts takes.
const WRITE_BYTES: u64 = 4096;
const DAY_MILLIS: i64 = 86_400_000;
/// Longest delay of an eradication (facts of the contract: whole days, 1 to 30).
const MOST_ERADICATION_DAYS: i64 = 30;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("api/api_version", 0, api_version).with_access(Access::Unversioned),
        Route::get("arrays", 2, get),
        Route::patch("arrays", 2, patch),
        Route::get("arrays/space", 2, space),
        Route::get("arrays/performance", 2, performance),
    ]
}

/// An array in one of its views, which has this item.
struct View {
    row: ArrayRow,
    item: Value,
}

impl Listed for View {
    fn name(&self) -> &str {
        &self.row.name
    }

    fn id(&self) -> Option<&str> {
        Some(&self.row.id)
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        self.item.clone()
    }
}

/// `GET /api/api_version`.
fn api_version(call: &Call<'_>) -> Result<Reply, Refusal> {
    let versions: Vec<String> = call.sim.versions.iter().map(ToString::to_string).collect();
    Ok(Reply::json(&json!({"version": versions})))
}

/// `GET arrays`.
fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let (row, usage) = call.read(row_and_usage)?;
    let item = array_item(call, &row, usage);
    list(call, vec![View { row, item }], &ARRAY)
}

/// `GET arrays/space`: the present, whatever time is asked for.
fn space(call: &Call<'_>) -> Result<Reply, Refusal> {
    let ((row, usage), now_ms) = call.read(|tx| Ok((row_and_usage(tx)?, tx.now_ms())))?;
    let item = json!({
        "id": row.id, "name": row.name, "capacity": CAPACITY, "parity": 1.0,
        "space": shown_space(call, usage), "time": call.time(now_ms),
    });
    list(call, vec![View { row, item }], &ARRAY)
}

/// `GET arrays/performance`: one point of time. The hosts of the world write without spending time on it, so nothing is
/// ever under way.
fn performance(call: &Call<'_>) -> Result<Reply, Refusal> {
    const ZERO: [&str; 27] = [
        "bytes_per_mirrored_write",
        "bytes_per_op",
        "bytes_per_read",
        "bytes_per_write",
        "mirrored_write_bytes_per_sec",
        "mirrored_writes_per_sec",
        "others_per_sec",
        "qos_rate_limit_usec_per_mirrored_write_op",
        "qos_rate_limit_usec_per_read_op",
        "qos_rate_limit_usec_per_write_op",
        "queue_depth",
        "queue_usec_per_mirrored_write_op",
        "queue_usec_per_read_op",
        "queue_usec_per_write_op",
        "read_bytes_per_sec",
        "reads_per_sec",
        "san_usec_per_mirrored_write_op",
        "san_usec_per_read_op",
        "san_usec_per_write_op",
        "service_usec_per_mirrored_write_op",
        "service_usec_per_read_op",
        "service_usec_per_write_op",
        "usec_per_mirrored_write_op",
        "usec_per_other_op",
        "usec_per_read_op",
        "usec_per_write_op",
        "write_bytes_per_sec",
    ];
    let (row, now_ms) = call.read(|tx| Ok((tx.info().clone(), tx.now_ms())))?;
    let mut item: Map<String, Value> = ZERO.iter().map(|name| ((*name).to_owned(), Value::from(0))).collect();
    item.extend([
        ("id".to_owned(), row.id.clone().into()),
        ("name".to_owned(), row.name.clone().into()),
        ("time".to_owned(), call.time(now_ms).into()),
        ("writes_per_sec".to_owned(), 0.into()),
        ("local_queue_usec_per_op".to_owned(), Value::Null),
        ("service_usec_per_read_op_cache_reduction".to_owned(), 0.0.into()),
    ]);
    list(call, vec![View { row, item: item.into() }], &ARRAY)
}

#[derive(Deserialize)]
struct ArrayPatch {
    eradication_config: Option<EradicationPatch>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Delays in milliseconds. From 2.26 on there are two, by whether eradication by hand is enabled; the world has one.
#[derive(Deserialize)]
struct EradicationPatch {
    eradication_delay: Option<i64>,
    enabled_delay: Option<i64>,
    disabled_delay: Option<i64>,
    manual_eradication: Option<String>,
}

/// `PATCH arrays`: the eradication settings can be changed, nothing else.
fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: ArrayPatch = call.body.object()?;
    if let Some(field) = body.others.keys().next() {
        return Err(Refusal::bad(field.as_str(), format!("Changing '{field}' of an array is not simulated.")));
    }
    let Some(wanted) = body.eradication_config else {
        return Err(Refusal::bad(call.array.as_str(), sentences::NO_ATTRIBUTE));
    };
    call.change(|tx| {
        let row = tx.info();
        let delay = wanted.eradication_delay.or(wanted.enabled_delay).or(wanted.disabled_delay);
        let delay = delay.unwrap_or(row.eradication_millis);
        let manual = wanted.manual_eradication.as_deref().unwrap_or(&row.manual_eradication);
        check_eradication(delay, manual)?;
        Ok(tx.set_eradication(delay, manual)?)
    })?;
    let (row, usage) = call.read(row_and_usage)?;
    Ok(Reply::items(call, vec![array_item(call, &row, usage)]))
}

fn check_eradication(delay_ms: i64, manual: &str) -> Result<(), Refusal> {
    let is_valid = delay_ms % DAY_MILLIS == 0 && (1..=MOST_ERADICATION_DAYS).contains(&(delay_ms / DAY_MILLIS));
    if !is_valid {
        let range = format!("a whole number of days from 1 to {MOST_ERADICATION_DAYS}, in milliseconds");
        return Err(Refusal::bad("eradication_delay", format!("Eradication delay must be {range}, not {delay_ms}.")));
    }
    if !["all-enabled", "partially-disabled", "all-disabled", "disabled"].contains(&manual) {
        return Err(Refusal::bad("manual_eradication", sentences::invalid_parameter("manual_eradication", manual)));
    }
    Ok(())
}

fn row_and_usage(tx: &ArrayTx<'_>) -> Result<(ArrayRow, ArrayUsage), Refusal> {
    Ok((tx.info().clone(), tx.usage()?))
}

fn array_item(call: &Call<'_>, row: &ArrayRow, usage: ArrayUsage) -> Value {
    let mut eradication = json!({
        "eradication_delay": row.eradication_millis,
        "manual_eradication": row.manual_eradication,
    });
    if let (true, Some(object)) = (call.at_least(26), eradication.as_object_mut()) {
        for name in ["enabled_delay", "disabled_delay"] {
            object.insert(name.to_owned(), row.eradication_millis.into());
        }
    }
    json!({
        "id": row.id,
        "name": row.name,
        "_as_of": call.time(call.sim.now_ms()),
        "banner": "",
        "capacity": CAPACITY,
        "console_lock_enabled": false,
        "encryption": {
            "data_at_rest": {"algorithm": "AES-256-CTR", "enabled": true},
            "module_version": "FA-1.4",
        },
        "eradication_config": eradication,
        "idle_timeout": u64::try_from(call.sim.sessions.idle().as_millis()).unwrap_or(u64::MAX),
        "ntp_servers": [],
        "os": "Purity//FA",
        "parity": 1.0,
        "scsi_timeout": 60_000,
        "space": shown_space(call, usage),
        "time_zone": "UTC",
        "version": row.version,
    })
}

/// The same with the footprint, which the contract of 2.26 lacks; in py-pure-client 1.96 it begins with 2.34.
fn shown_space(call: &Call<'_>, usage: ArrayUsage) -> Value {
    let mut space = space_of(usage);
    if let (true, Some(fields)) = (call.at_least(34), space.as_object_mut()) {
        fields.insert("footprint".to_owned(), Value::Null);
    }
    space
}

/// Space in bytes, as an array counts it; nothing is shared or compressed.
fn space_of(usage: ArrayUsage) -> Value {
    let unique = usage.content.saturating_mul(WRITE_BYTES);
    let snapshots = usage.snapshot_content.saturating_mul(WRITE_BYTES);
    let total = unique.saturating_add(snapshots);
    #[expect(clippy::cast_precision_loss, reason = "a ratio for people")]
    let thin_provisioning = match usage.provisioned {
        0 => 0.0,
        provisioned => 1.0 - unique.min(provisioned) as f64 / provisioned as f64,
    };
    json!({
        "data_reduction": 1.0,
        "replication": 0,
        "shared": 0,
        "shared_effective": null,
        "snapshots": snapshots,
        "snapshots_effective": null,
        "system": 0,
        "thin_provisioning": thin_provisioning,
        "total_effective": null,
        "total_physical": total,
        "total_provisioned": usage.provisioned,
        "total_reduction": 1.0,
        "total_used": total,
        "unique": unique,
        "unique_effective": null,
        "used_provisioned": usage.provisioned,
        "virtual": unique,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_eradication_delay_is_a_number_of_whole_days() {
        for (delay, manual, accepted) in [
            (DAY_MILLIS, "all-enabled", true),
            (30 * DAY_MILLIS, "disabled", true),
            (0, "all-enabled", false),
            (DAY_MILLIS + 1, "all-enabled", false),
            (31 * DAY_MILLIS, "all-enabled", false),
            (-DAY_MILLIS, "all-enabled", false),
            (DAY_MILLIS, "never", false),
        ] {
            assert_eq!(check_eradication(delay, manual).is_ok(), accepted, "{delay} {manual}");
        }
    }

    #[test]
    fn space_adds_up() {
        let usage = ArrayUsage { volumes: 1, provisioned: 1 << 20, content: 128, snapshot_content: 64 };
        let space = space_of(usage);
        assert_eq!((&space["unique"], &space["snapshots"]), (&json!(524_288), &json!(262_144)));
        assert_eq!((&space["total_physical"], &space["thin_provisioning"]), (&json!(786_432), &json!(0.5)));
        assert_eq!(space_of(ArrayUsage::default())["thin_provisioning"], 0.0);
    }
}
