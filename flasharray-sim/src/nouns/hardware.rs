//! What an array is built of: controllers, parts, ports. Two controllers with iSCSI ports, everything healthy.

use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use protector_core::mock::ArrayRow;
use serde_json::{Value, json};

const MODEL: &str = "FA-X70R3";
/// How many ports for hosts each controller has.
const PORTS: u8 = 2;
const GIGABIT: u64 = 1_000_000_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("controllers", 2, controllers),
        Route::get("hardware", 2, hardware),
        Route::get("network-interfaces", 2, network_interfaces),
        Route::get("ports", 2, ports),
    ]
}

/// Something that is there for ever, under a name.
pub(super) struct Fixed(pub(super) String, pub(super) Value);

impl Listed for Fixed {
    fn name(&self) -> &str {
        &self.0
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        self.1.clone()
    }
}

fn fixed(items: Vec<Value>) -> Vec<Fixed> {
    let name = |item: &Value| item.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
    items.into_iter().map(|item| Fixed(name(&item), item)).collect()
}

fn info(call: &Call<'_>) -> Result<ArrayRow, Refusal> {
    call.read(|array| Ok(array.info().clone()))
}

/// Some digits that are the same for an array for ever.
fn digits(array: &ArrayRow) -> String {
    array.id.chars().filter(char::is_ascii_hexdigit).take(16).collect()
}

fn controllers(call: &Call<'_>) -> Result<Reply, Refusal> {
    static CONTROLLER: Noun = Noun { title: "Controller" };
    let array = info(call)?;
    let controller = |(number, mode): (u8, &str)| {
        let mut item = json!({
            "mode": mode,
            "model": MODEL,
            "name": format!("CT{number}"),
            "status": "ready",
            "type": "array_controller",
            "version": array.version,
        });
        if let (true, Some(fields)) = (call.at_least(27), item.as_object_mut()) {
            fields.insert("mode_since".to_owned(), 0.into());
        }
        item
    };
    list(call, fixed([(0, "primary"), (1, "secondary")].map(controller).into()), &CONTROLLER)
}

fn hardware(call: &Call<'_>) -> Result<Reply, Refusal> {
    static PART: Noun = Noun { title: "Hardware component" };
    let array = info(call)?;
    let digits = digits(&array).to_ascii_uppercase();
    let part = |name: String, kind: &str, index: u8, model: Option<&str>, speed: Option<u64>| {
        let serial = model.map(|_| format!("{digits}{name}"));
        json!({
            "details": null,
            "identify_enabled": false,
            "index": index,
            "model": model,
            "name": name,
            "serial": serial,
            "slot": null,
            "speed": speed,
            "status": "ok",
            "temperature": null,
            "type": kind,
            "voltage": null,
        })
    };
    let mut parts = vec![part("CH0".to_owned(), "chassis", 0, Some(MODEL), None)];
    for controller in 0..2 {
        parts.push(part(format!("CT{controller}"), "controller", controller, Some(MODEL), None));
        for port in 0..PORTS {
            parts.push(part(format!("CT{controller}.ETH{port}"), "eth_port", port, None, Some(25 * GIGABIT)));
        }
    }
    list(call, fixed(parts), &PART)
}

/// An address out of the range for documentation, RFC 5737: nothing listens there.
fn address(controller: u8, port: u8) -> String {
    format!("192.0.2.{}", 10 + controller * 10 + port)
}

fn ports(call: &Call<'_>) -> Result<Reply, Refusal> {
    static PORT: Noun = Noun { title: "Port" };
    let iqn = format!("iqn.2010-06.com.purestorage:flasharray.{}", digits(&info(call)?));
    let port = |(controller, port)| {
        json!({
            "failover": null,
            "iqn": iqn,
            "name": format!("CT{controller}.ETH{port}"),
            "nqn": null,
            "portal": format!("{}:3260", address(controller, port)),
            "wwn": null,
        })
    };
    list(call, fixed(each_port().map(port).collect()), &PORT)
}

fn each_port() -> impl Iterator<Item = (u8, u8)> {
    (0..2).flat_map(|controller| (0..PORTS).map(move |port| (controller, port)))
}

fn network_interfaces(call: &Call<'_>) -> Result<Reply, Refusal> {
    static INTERFACE: Noun = Noun { title: "Network interface" };
    let interface = |name: String, address: String, last: u8, service: &str, speed: u64| {
        json!({
            "enabled": true,
            "eth": {
                "address": address,
                "gateway": "192.0.2.1",
                "mac_address": format!("02:00:00:00:00:{last:02x}"),
                "mtu": 1500,
                "netmask": "255.255.255.0",
                "subinterfaces": [],
                "subnet": {"name": null},
                "subtype": "physical",
                "vlan": null,
            },
            "fc": {"wwn": null},
            "interface_type": "eth",
            "name": name,
            "services": [service],
            "speed": speed,
        })
    };
    let data = each_port().map(|(controller, port)| {
        let name = format!("ct{controller}.eth{port}");
        interface(name, address(controller, port), 10 + controller * 10 + port, "iscsi", 25 * GIGABIT)
    });
    let management = (0..2).map(|controller| {
        let name = format!("ct{controller}.eth{PORTS}");
        interface(name, address(controller, PORTS), 50 + controller, "management", GIGABIT)
    });
    list(call, fixed(data.chain(management).collect()), &INTERFACE)
}
