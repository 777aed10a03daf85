//! Connections between arrays.

use super::choose::each;
use super::fields::refused;
use super::show::reference;
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::{Page, Reply};
use crate::route::Route;
use crate::sentences;
use protector_core::mock::{ArrayConnectionRow, ArrayTx, ConnectionKind};
use protector_core::{Error, ErrorKind};
use serde_json::{Map, Value, json};

static CONNECTION: Noun = Noun { title: "Array connection" };

/// What can be set by POST and PATCH and is shown again, beside the type.
const ATTRIBUTES: [&str; 5] =
    ["management_address", "replication_addresses", "replication_transport", "encryption", "throttle"];

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("array-connections", 4, get),
        Route::post("array-connections", 4, post),
        Route::patch("array-connections", 4, patch),
        Route::delete("array-connections", 4, delete),
        Route::get("array-connections/connection-key", 4, get_key),
        Route::get("array-connections/path", 4, get_paths),
    ]
}

fn kind_name(kind: ConnectionKind) -> &'static str {
    match kind {
        ConnectionKind::Async => "async-replication",
        ConnectionKind::Sync => "sync-replication",
    }
}

fn status(row: &ArrayConnectionRow) -> &'static str {
    if row.works { "connected" } else { "connecting" }
}

/// A made-up address of an array: the same for everybody.
fn address(array: &str) -> String {
    format!("{array}.replication.example")
}

impl Listed for ArrayConnectionRow {
    fn name(&self) -> &str {
        &self.peer.name
    }

    fn id(&self) -> Option<&str> {
        self.peer.id.as_deref()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let set = |field: &str| self.attributes.get(field).cloned();
        let mut item = json!({
            "id": self.peer.id,
            "name": self.peer.name,
            "management_address": set("management_address").unwrap_or_else(|| json!(address(&self.peer.name))),
            "replication_addresses": set("replication_addresses").unwrap_or_else(|| json!([address(&self.peer.name)])),
            "replication_transport": set("replication_transport").unwrap_or_else(|| json!("ip")),
            "status": status(self),
            "throttle": set("throttle").unwrap_or_else(|| {
                json!({"default_limit": null, "window": {"start": null, "end": null}, "window_limit": null})
            }),
            "type": kind_name(self.kind),
            "version": self.version,
        });
        if let Some(fields) = item.as_object_mut() {
            if call.at_least(33) {
                let encryption = set("encryption").unwrap_or_else(|| json!("unencrypted"));
                let mode = (encryption == "encrypted").then_some("TLS-PSK-AES-256");
                fields.insert("encryption_mode".to_owned(), json!(mode));
                fields.insert("encryption".to_owned(), encryption);
            }
            if call.at_least(40) {
                fields.insert("remote".to_owned(), reference(Some(&self.peer)));
            }
        }
        item
    }
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, call.read(|tx| Ok(tx.array_connections()?))?, &CONNECTION)
}

fn get_key(call: &Call<'_>) -> Result<Reply, Refusal> {
    let key = call.read(|tx| Ok(tx.connection_key()))?;
    Ok(Reply::page(call, Page { items: vec![json!({"connection_key": key})], ..Page::default() }))
}

/// One path of a connection.
struct Path {
    connection: ArrayConnectionRow,
    local_address: String,
}

impl Listed for Path {
    fn name(&self) -> &str {
        &self.connection.peer.name
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let of_connection = self.connection.item(call);
        let mut item = json!({
            "name": self.connection.peer.name,
            "local_address": self.local_address,
            "local_port": "ct0.eth2",
            "remote_address": of_connection.pointer("/replication_addresses/0"),
            "remote_port": "ct0.eth2",
            "replication_transport": of_connection.get("replication_transport"),
            "status": status(&self.connection),
        });
        if let (true, Some(fields)) = (call.at_least(33), item.as_object_mut()) {
            for field in ["encryption", "encryption_mode"] {
                fields.insert(field.to_owned(), of_connection.get(field).cloned().unwrap_or_default());
            }
        }
        item
    }
}

fn get_paths(call: &Call<'_>) -> Result<Reply, Refusal> {
    let connections = call.read(|tx| Ok(tx.array_connections()?))?;
    let local_address = address(call.array.as_str());
    let paths = connections.into_iter().map(|connection| Path { connection, local_address: local_address.clone() });
    list(call, paths.collect(), &CONNECTION)
}

/// The type that a body asks for.
fn asked_kind(body: &Map<String, Value>) -> Result<Option<ConnectionKind>, Refusal> {
    match body.get("type").filter(|value| !value.is_null()) {
        None => Ok(None),
        Some(value) if value == "async-replication" => Ok(Some(ConnectionKind::Async)),
        Some(value) if value == "sync-replication" => Ok(Some(ConnectionKind::Sync)),
        Some(other) => Err(Refusal::bad("type", sentences::invalid_parameter("type", &other.to_string()))),
    }
}

/// What is set of a connection after a body has changed it.
fn changed(before: &Map<String, Value>, body: &Map<String, Value>) -> Map<String, Value> {
    let given = |field: &&str| body.get(*field).filter(|value| !value.is_null()).or_else(|| before.get(*field));
    ATTRIBUTES.iter().filter_map(|field| Some(((*field).to_owned(), given(field)?.clone()))).collect()
}

fn connection(tx: &ArrayTx<'_>, name: &str) -> Result<ArrayConnectionRow, Refusal> {
    let found = tx.array_connections()?.into_iter().find(|row| row.peer.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| Refusal::missing(CONNECTION.title, name))
}

/// Connects to the array whose connection key is given. Its management address is shown again, and otherwise of no effect.
fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Map<String, Value> = call.body.object()?;
    for field in ["management_address", "type", "connection_key"] {
        if body.get(field).and_then(Value::as_str).is_none_or(str::is_empty) {
            return Err(Refusal::bad(field, sentences::missing_parameter(field)));
        }
    }
    let kind = asked_kind(&body)?.unwrap_or(ConnectionKind::Async);
    let key = body.get("connection_key").and_then(Value::as_str).unwrap_or_default();
    let item = call.change(|tx| {
        let before: Vec<Option<String>> = tx.array_connections()?.into_iter().map(|row| row.peer.id).collect();
        let name = tx.connect_array(key, kind).map_err(|e| {
            refused(e, "connection_key", |kind| {
                (kind == ErrorKind::NotFound).then(|| sentences::INVALID_CONNECTION_KEY.to_owned())
            })
        })?;
        let row = connection(tx, &name)?;
        if before.contains(&row.peer.id) {
            return Err(Refusal::exists(CONNECTION.title, &name));
        }
        tx.set_array_connection(&row, kind, &changed(&Map::new(), &body))?;
        Ok(connection(tx, &name)?.item(call))
    })?;
    Ok(Reply::items(call, vec![item]))
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    let body: Map<String, Value> = call.body.object()?;
    let kind = asked_kind(&body)?;
    let items = call.change(|tx| {
        each(&names, |name| {
            let row = connection(tx, name)?;
            let attributes = changed(&row.attributes, &body);
            tx.set_array_connection(&row, kind.unwrap_or(row.kind), &attributes).map_err(|e| in_use(e, name))?;
            Ok(connection(tx, name)?.item(call))
        })
    })?;
    Ok(Reply::items(call, items))
}

fn in_use(e: Error, name: &str) -> Refusal {
    refused(e, name, |kind| (kind == ErrorKind::Precondition).then(|| sentences::connection_in_use(name)))
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    let names = call.query.required("names")?;
    call.change(|tx| {
        each(&names, |name| tx.disconnect_array(&connection(tx, name)?).map_err(|e| in_use(e, name)))?;
        Ok(Reply::empty())
    })
}
