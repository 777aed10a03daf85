//! Servers.

use super::ports::networks;
use super::server::{Play, Server, answer, ok};
use super::{cloud, cx, is_in_progress, volume};
use crate::ErrorKind;
use crate::ports::{Cloud, Outcome, ServerSpec, ServerState};
use serde_json::{Value, json};

const SERVERS: &str = "GET /nova/v2.1/servers/detail";
const UNBUILT: &str = "GET /nova/v2.1/servers?status=BUILD";
const CREATE: &str = "POST /nova/v2.1/servers";

/// Networks in the order of the interfaces, which is not that of their names.
pub(super) const ADDRESSES: &str = r#"{"z-first": [{"version": 4, "addr": "10.2.0.5", "OS-EXT-IPS:type": "fixed",
    "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:02"}], "a-second": [{"version": 4, "addr": "10.9.0.5",
    "OS-EXT-IPS:type": "fixed", "OS-EXT-IPS-MAC:mac_addr": "FA:16:3E:00:00:01"}]}"#;

/// As Nova shows it to an administrator at 2.96, with fields that are not used left in.
pub(super) fn shown(id: &str, status: &str, more: &Value) -> Value {
    let mut server = json!({
        "id": id, "name": format!("name-{id}"), "status": status, "tenant_id": "p1", "user_id": "u1", "image": "",
        "flavor": {"vcpus": 1, "ram": 512, "disk": 0, "ephemeral": 0, "swap": 0, "original_name": "m1.small", "extra_specs": {}},
        "key_name": "key", "OS-EXT-AZ:availability_zone": "nova", "OS-EXT-STS:task_state": null, "OS-EXT-STS:vm_state": "active",
        "OS-EXT-STS:power_state": 1, "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda", "locked": false,
        "security_groups": [{"name": "web"}, {"name": "default"}, {"name": "web"}],
        "metadata": {"protector_op_key": format!("key-{id}")},
        "addresses": {},
        "os-extended-volumes:volumes_attached": [{"id": "data", "delete_on_termination": false}, {"id": "boot", "delete_on_termination": false}]
    });
    server.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    server
}

fn volumes() -> Value {
    let on = |server: &str, device: &str| json!({"attachments": [{"server_id": server, "device": device, "attachment_id": "a"}]});
    json!({"volumes": [
        volume("boot", "in-use", &on("s1", "/dev/vda")),
        volume("data", "in-use", &on("s1", "/dev/vdb")),
        volume("free-boot", "available", &json!({})),
        volume("free-data", "available", &json!({"bootable": "false"})),
        volume("making", "creating", &json!({})),
        volume("broken", "error", &json!({}))]})
}

fn listed(servers: &[Value]) -> Play {
    ok(&json!({ "servers": servers }))
}

pub(super) async fn server() -> Server {
    let server = Server::start().await;
    let ports = json!({"ports": [
        {"id": "p-second", "name": "", "network_id": "n2", "mac_address": "fa:16:3e:00:00:01", "device_id": "s1", "device_owner": "compute:nova", "fixed_ips": [{"ip_address": "10.9.0.5"}]},
        {"id": "p-first", "name": "", "network_id": "n1", "mac_address": "fa:16:3e:00:00:02", "device_id": "s1", "device_owner": "compute:nova", "fixed_ips": [{"ip_address": "10.2.0.5"}]},
        {"id": "p-free", "name": "made", "network_id": "n1", "mac_address": "fa:16:3e:00:00:03", "device_id": "", "device_owner": "", "fixed_ips": []}]});
    let flavors = json!({"flavors": [{"id": "f1", "name": "m1.small", "vcpus": 1, "ram": 512, "disk": 0, "swap": 0}]});
    server
        .on("GET /cinder/v3/p1/volumes/detail", vec![ok(&volumes())])
        .on("GET /neutron/v2.0/networks", vec![ok(&networks())])
        .on("GET /neutron/v2.0/ports", vec![ok(&ports)])
        .on("GET /nova/v2.1/flavors/detail", vec![ok(&flavors)])
        .on("GET /nova/v2.1/os-keypairs", vec![ok(&json!({"keypairs": [{"keypair": {"name": "key"}}]}))])
        .on(SERVERS, vec![listed(&[shown("s1", "ACTIVE", &json!({}))])])
        .on("GET /nova/v2.1/servers/s1", vec![ok(&json!({"server": shown("s1", "ACTIVE", &json!({}))}))])
        .on("POST /nova/v2.1/servers/s1/action", vec![Play::Answer(202, String::new())]);
    server
}

pub(super) fn spec() -> ServerSpec {
    ServerSpec {
        op_key: "key-new".into(),
        name: "web".to_owned(),
        flavor: "m1.small".to_owned(),
        ports: vec!["p-free".into()],
        volumes: vec![("vda".to_owned(), "free-boot".into()), ("vdb".to_owned(), "free-data".into())],
        key_name: Some("key".to_owned()),
        metadata: [("tier".to_owned(), "1".to_owned())].into(),
    }
}

#[tokio::test]
async fn a_server_is_shown_with_all_that_is_needed_to_build_it_again() {
    let server = server().await;
    // a tree in between would sort the networks by name
    let body = json!({"server": shown("s1", "ACTIVE", &json!({}))}).to_string();
    let body = body.replace(r#""addresses":{}"#, &format!(r#""addresses":{ADDRESSES}"#));
    server.on("GET /nova/v2.1/servers/s1", vec![Play::Answer(200, body)]);
    let cloud = cloud(&server);
    let found = cloud.server(&"s1".into()).await.unwrap().unwrap();
    assert_eq!(
        (found.state, found.flavor.as_str(), found.flavor_shape.ram_mib),
        (ServerState::Active, "m1.small", 512)
    );
    assert_eq!((found.project.unwrap().as_str(), found.key_name.as_deref()), ("p1", Some("key")));
    assert_eq!(found.security_groups, ["default", "web"]);
    let nics: Vec<_> = found.nics.iter().map(|nic| (nic.network.as_str(), nic.fixed_ips.join(","))).collect();
    assert_eq!(nics, [("net-web", "10.2.0.5".to_owned()), ("net-shared", "10.9.0.5".to_owned())], "in Nova's order");
    let volumes: Vec<_> = found.volumes.iter().map(|v| (v.device.as_str(), v.boot, v.volume.id.as_str())).collect();
    assert_eq!(volumes, [("vda", true, "boot"), ("vdb", false, "data")]);
    assert!(found.volumes.iter().all(|v| !v.delete_on_termination));
    assert_eq!(cloud.servers().await.unwrap().len(), 1);
    assert_eq!(cloud.server(&"gone".into()).await.unwrap(), None);
}

#[tokio::test]
async fn what_is_not_known_of_a_server_is_not_taken_for_good() {
    let server = server().await;
    let attached = json!({"os-extended-volumes:volumes_attached": [{"id": "elsewhere"}], "status": "PAUSED"});
    server.on("GET /nova/v2.1/servers/s1", vec![ok(&json!({"server": shown("s1", "ACTIVE", &attached)}))]);
    let found = cloud(&server).server(&"s1".into()).await.unwrap().unwrap();
    assert_eq!(found.state, ServerState::Other);
    let volume = found.volumes.first().unwrap();
    assert!(volume.delete_on_termination && !volume.boot && volume.volume.volume_type.is_empty());
    // who is not told the root device goes by the first one of the bus
    let member = json!({"OS-EXT-SRV-ATTR:root_device_name": null, "OS-EXT-STS:task_state": "image_snapshot"});
    server.on("GET /nova/v2.1/servers/s1", vec![ok(&json!({"server": shown("s1", "ACTIVE", &member)}))]);
    let found = cloud(&server).server(&"s1".into()).await.unwrap().unwrap();
    assert_eq!((found.state, found.volumes.first().map(|v| v.boot)), (ServerState::Active, Some(true)));
}

#[tokio::test]
async fn a_server_is_made_waited_for_and_found_again() {
    let server = server().await;
    let state = |status: &str| listed(&[shown("new", status, &json!({}))]);
    server
        .on(UNBUILT, vec![listed(&[json!({"id": "new"})]), listed(&[])])
        .on("GET /nova/v2.1/servers/new", vec![ok(&json!({"server": shown("new", "SHUTOFF", &json!({}))}))])
        .on(SERVERS, vec![listed(&[]), state("ACTIVE")])
        .on(CREATE, vec![Play::Answer(202, json!({"server": {"id": "new"}}).to_string())])
        .on("POST /nova/v2.1/servers/new/action", vec![Play::Answer(202, String::new())]);
    let cloud = cloud(&server);
    for _ in 0..3 {
        assert!(is_in_progress(&cloud.ensure_server(&cx("s"), &spec()).await.unwrap()));
    }
    let made = cloud.ensure_server(&cx("s"), &spec()).await.unwrap();
    assert!(matches!(made, Outcome::AlreadyDone(made) if made.id.as_str() == "new"));
    let creations = server.seen().into_iter().filter(|seen| seen.line == CREATE).collect::<Vec<_>>();
    let body: Value = serde_json::from_str(&creations.first().unwrap().body).unwrap();
    assert_eq!(creations.len(), 1);
    assert_eq!((&body["server"]["flavorRef"], &body["server"]["key_name"]), (&json!("f1"), &json!("key")));
    assert_eq!(server.lines("POST /nova/v2.1/servers/new/action").len(), 1, "one that was off was started");
    assert_eq!(server.lines(SERVERS).len(), 2, "while it was built, it was not shown in full");
}

/// Nova shows it by its key to whoever did not order it, and one that is gone is made again.
#[tokio::test]
async fn a_server_that_was_ordered_is_found_by_its_key_or_made_again() {
    let server = server().await;
    let gone = answer(404, r#"{"itemNotFound": {"message": "Instance new could not be found."}}"#);
    server
        .on(UNBUILT, vec![listed(&[])])
        .on("GET /nova/v2.1/servers/new", vec![gone])
        .on(SERVERS, vec![listed(&[])])
        .on(CREATE, vec![Play::Answer(202, json!({"server": {"id": "new"}}).to_string())]);
    let first = cloud(&server);
    for made in 1..=2 {
        assert!(is_in_progress(&first.ensure_server(&cx("s"), &spec()).await.unwrap()));
        assert_eq!(server.seen().into_iter().filter(|seen| seen.line == CREATE).count(), made);
    }
    server.on(SERVERS, vec![listed(&[shown("new", "BUILD", &json!({}))])]);
    assert!(is_in_progress(&cloud(&server).ensure_server(&cx("s"), &spec()).await.unwrap()));
    assert_eq!(server.seen().into_iter().filter(|seen| seen.line == CREATE).count(), 2);
}

#[tokio::test]
async fn what_a_server_needs_must_be_there_and_free() {
    let server = server().await;
    let disk = |id: &str| vec![("vda".to_owned(), id.into())];
    let cases = [
        (ServerSpec { flavor: "no-such-flavor".into(), ..spec() }, ErrorKind::NotFound, "no-such-flavor"),
        (ServerSpec { ports: vec!["no-such-port".into()], ..spec() }, ErrorKind::NotFound, "no-such-port"),
        (ServerSpec { ports: vec!["p-first".into()], ..spec() }, ErrorKind::Conflict, "name-s1"),
        (ServerSpec { volumes: disk("no-such-volume"), ..spec() }, ErrorKind::NotFound, "no-such-volume"),
        (ServerSpec { volumes: disk("boot"), ..spec() }, ErrorKind::Conflict, "name-s1"),
        (ServerSpec { volumes: disk("free-data"), ..spec() }, ErrorKind::Precondition, "not bootable"),
        (ServerSpec { volumes: disk("broken"), ..spec() }, ErrorKind::Precondition, "'error'"),
        (ServerSpec { volumes: Vec::new(), ..spec() }, ErrorKind::InvalidRequest, "no volume to boot from"),
    ];
    let cloud = cloud(&server);
    for (spec, kind, words) in cases {
        let error = cloud.ensure_server(&cx("s"), &spec).await.unwrap_err();
        assert_eq!((error.kind(), error.message().contains(words)), (kind, true), "{words}: {error}");
    }
    let waiting = ServerSpec { volumes: disk("making"), ..spec() };
    assert!(is_in_progress(&cloud.ensure_server(&cx("s"), &waiting).await.unwrap()));
    assert!(server.lines(CREATE).iter().all(|line| line != CREATE), "nothing was made");
}

#[tokio::test]
async fn a_server_in_error_says_why() {
    let server = server().await;
    let fault =
        json!({"fault": {"code": 500, "message": "No valid host was found.", "created": "2026-11-30T10:00:00Z"}});
    server
        .on(SERVERS, vec![listed(&[shown("new", "ERROR", &json!({}))])])
        .on("GET /nova/v2.1/servers/new", vec![ok(&json!({"server": shown("new", "ERROR", &fault)}))]);
    let error = cloud(&server).ensure_server(&cx("s"), &spec()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.message().contains("No valid host was found.")),
        (ErrorKind::Precondition, true),
        "{error}"
    );
    assert!(error.remedy_text().unwrap().contains("server delete new"), "{error}");
    let error = cloud(&server).start_server(&cx("s"), &"new".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
}

#[tokio::test]
async fn a_server_stops_and_starts_once() {
    let server = server().await;
    let state =
        |status: &str, task: Option<&str>| listed(&[shown("s1", status, &json!({"OS-EXT-STS:task_state": task}))]);
    server.on(SERVERS, vec![state("ACTIVE", None), state("ACTIVE", Some("powering-off")), state("SHUTOFF", None)]);
    let cloud = cloud(&server);
    let id = "s1".into();
    assert!(is_in_progress(&cloud.stop_server(&cx("s"), &id).await.unwrap()));
    assert!(is_in_progress(&cloud.stop_server(&cx("s"), &id).await.unwrap()));
    assert_eq!(cloud.stop_server(&cx("s"), &id).await.unwrap(), Outcome::AlreadyDone(()));
    assert!(is_in_progress(&cloud.start_server(&cx("s"), &id).await.unwrap()));
    let actions: Vec<String> =
        server.seen().into_iter().filter(|seen| seen.line.ends_with("/action")).map(|seen| seen.body).collect();
    assert_eq!(actions, [r#"{"os-stop":null}"#, r#"{"os-start":null}"#]);
    server.on(SERVERS, vec![state("PAUSED", None)]);
    let error = cloud.stop_server(&cx("s"), &id).await.unwrap_err();
    assert_eq!((error.kind(), error.message().contains("PAUSED")), (ErrorKind::Precondition, true), "{error}");
    for refused in
        [cloud.stop_server(&cx("s"), &"gone".into()).await, cloud.start_server(&cx("s"), &"gone".into()).await]
    {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_server_that_does_not_stop_or_start_is_not_told_until_the_deadline() {
    let server = server().await;
    // as Nova 34.0 tells it of a guest that its hypervisor has lost
    let action = json!({"action": "stop", "instance_uuid": "s1", "request_id": "req-e5a2", "user_id": "u1",
        "project_id": "p1", "start_time": "2026-11-30T16:08:09.000000", "message": "Error",
        "updated_at": "2026-11-30T16:08:09.000000"});
    let mut whole = action.clone();
    whole["events"] = json!([{"event": "compute_stop_instance", "start_time": "2026-11-30T16:08:09.000000",
        "finish_time": "2026-11-30T16:08:09.000000", "result": "Error", "traceback": "  File …", "host": "compute-a",
        "hostId": "de7e", "details": "Instance s1 could not be found."}]);
    server
        .on("GET /nova/v2.1/servers/s1/os-instance-actions", vec![ok(&json!({"instanceActions": [action]}))])
        .on("GET /nova/v2.1/servers/s1/os-instance-actions/req-e5a2", vec![ok(&json!({"instanceAction": whole}))]);
    let (cloud, id) = (cloud(&server), "s1".into());
    for (status, order) in [("ACTIVE", "os-stop"), ("SHUTOFF", "os-start")] {
        server.on(SERVERS, vec![listed(&[shown("s1", status, &json!({}))])]);
        let cx = cx(order);
        let told = || async {
            if order == "os-stop" { cloud.stop_server(&cx, &id).await } else { cloud.start_server(&cx, &id).await }
        };
        assert!(is_in_progress(&told().await.unwrap()));
        let error = told().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Precondition, "{error}");
        for words in ["name-s1", status, "Instance s1 could not be found.", "req-e5a2"] {
            assert!(error.message().contains(words), "{words}: {error}");
        }
        assert!(error.remedy_text().unwrap().contains("server event list s1"), "{error}");
        assert!(is_in_progress(&told().await.unwrap()), "who asks anew gets another try");
        let sent = server.seen().into_iter().filter(|seen| seen.body.contains(order)).count();
        assert_eq!(sent, 2, "{order}");
    }
}

#[tokio::test]
async fn a_server_goes_without_its_volumes_and_ports() {
    let server = server().await;
    server
        .on("PUT /neutron/v2.0/ports/", vec![ok(&json!({"port": {}}))])
        .on("DELETE /nova/v2.1/servers/s1", vec![Play::Answer(204, String::new())]);
    let cloud = cloud(&server);
    assert!(is_in_progress(&cloud.delete_server(&cx("d"), &"s1".into()).await.unwrap()));
    let lines: Vec<String> = server
        .seen()
        .into_iter()
        .map(|seen| seen.line)
        .filter(|line| !line.starts_with("GET") && !line.starts_with("POST"))
        .collect();
    assert_eq!(
        lines,
        ["PUT /neutron/v2.0/ports/p-second", "PUT /neutron/v2.0/ports/p-first", "DELETE /nova/v2.1/servers/s1"]
    );
    let going = json!({"OS-EXT-STS:task_state": "deleting"});
    server.on(SERVERS, vec![listed(&[shown("s1", "ACTIVE", &going)]), listed(&[])]);
    server.on(
        "GET /nova/v2.1/servers/s1",
        vec![Play::Answer(404, r#"{"itemNotFound": {"message": "Instance s1 could not be found."}}"#.to_owned())],
    );
    assert!(is_in_progress(&cloud.delete_server(&cx("d"), &"s1".into()).await.unwrap()));
    assert_eq!(cloud.delete_server(&cx("d"), &"s1".into()).await.unwrap(), Outcome::AlreadyDone(()));
    assert_eq!(server.lines("DELETE").len(), 1);
}

/// Nova ends the task of a server that is being deleted before it is gone.
#[tokio::test]
async fn a_server_that_is_gone_when_it_is_to_go_is_gone() {
    let server = server().await;
    let gone = answer(404, r#"{"itemNotFound": {"message": "Instance s1 could not be found."}}"#);
    server
        .on("PUT /neutron/v2.0/ports/", vec![ok(&json!({"port": {}}))])
        .on("DELETE /nova/v2.1/servers/s1", vec![gone]);
    assert_eq!(cloud(&server).delete_server(&cx("d"), &"s1".into()).await.unwrap(), Outcome::AlreadyDone(()));
    let ports = server.lines("PUT /neutron/v2.0/ports/");
    assert_eq!(ports.len(), 2, "they are not given back to nobody: {ports:?}");
}

#[tokio::test]
async fn a_server_whose_port_goes_is_looked_at_again() {
    let gone = |text: &str| answer(404, text);
    let server = server().await;
    server
        .on(
            "PUT /neutron/v2.0/ports/",
            vec![gone(r#"{"NeutronError": {"type": "PortNotFound", "message": "Port p"}}"#)],
        )
        .on("GET /nova/v2.1/servers/s1", vec![gone(r#"{"itemNotFound": {"message": "Instance s1"}}"#)])
        .on(SERVERS, vec![listed(&[shown("s1", "ACTIVE", &json!({}))]), listed(&[])]);
    let cloud = cloud(&server);
    assert!(is_in_progress(&cloud.delete_server(&cx("d"), &"s1".into()).await.unwrap()));
    assert_eq!(cloud.delete_server(&cx("d"), &"s1".into()).await.unwrap(), Outcome::AlreadyDone(()));
    assert_eq!(server.lines("DELETE").len(), 0);
}

#[tokio::test]
async fn a_server_that_would_take_a_volume_along_is_not_deleted() {
    let server = server().await;
    for doomed in [json!({"id": "data", "delete_on_termination": true}), json!({"id": "data"})] {
        let attached =
            json!({"os-extended-volumes:volumes_attached": [{"id": "boot", "delete_on_termination": false}, doomed]});
        server.on(SERVERS, vec![listed(&[shown("s1", "SHUTOFF", &attached)])]);
        let error = cloud(&server).delete_server(&cx("d"), &"s1".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::DataSafety, "{error}");
        assert!(error.message().contains("'data'") && error.message().contains("name-s1"), "{error}");
        assert!(error.remedy_text().unwrap().contains("--preserve-on-termination s1 data"), "{error}");
    }
    server.on(SERVERS, vec![listed(&[shown("s1", "SHUTOFF", &json!({"locked": true}))])]);
    let error = cloud(&server).delete_server(&cx("d"), &"s1".into()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.remedy_text().unwrap().contains("server unlock")),
        (ErrorKind::Precondition, true),
        "{error}"
    );
    assert!(
        server.seen().iter().all(|seen| seen.line.starts_with("GET") || seen.line.contains("/auth/")),
        "nothing changed"
    );
}

#[tokio::test]
async fn a_server_that_nova_does_not_delete_keeps_its_ports() {
    const PUT: &str = "PUT /neutron/v2.0/ports/p-first";
    let server = server().await;
    server.on(SERVERS, vec![listed(&[shown("s1", "SHUTOFF", &json!({}))])]);
    server.on(PUT, vec![ok(&json!({"port": {}}))]);
    server.on("PUT /neutron/v2.0/ports/p-second", vec![ok(&json!({"port": {}}))]);
    let refused = json!({"forbidden": {"code": 403, "message": "Policy doesn't allow os_compute_api:servers:delete"}});
    server.on("DELETE /nova/v2.1/servers/s1", vec![answer(403, &refused.to_string())]);
    let error = cloud(&server).delete_server(&cx("d"), &"s1".into()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    let bodies: Vec<String> =
        server.seen().into_iter().filter(|seen| seen.line.starts_with(PUT)).map(|seen| seen.body).collect();
    assert_eq!(bodies.len(), 2, "{bodies:?}");
    assert!(bodies[0].contains(r#""device_id":"""#), "{bodies:?}");
    assert!(bodies[1].contains(r#""device_id":"s1""#) && bodies[1].contains(r#""device_owner":"compute:nova""#));

    server.on(PUT, vec![ok(&json!({"port": {}})), answer(403, "{}")]);
    let error = cloud(&server).delete_server(&cx("d"), &"s1".into()).await.unwrap_err();
    assert!(error.message().contains("'s1' is left without its ports p-first"), "{error}");
    assert!(error.remedy_text().unwrap().contains("port set --device s1 --device-owner compute:nova"), "{error}");
}

#[tokio::test]
async fn many_who_wait_share_what_they_look_at() {
    let server = server().await;
    let all: Vec<Value> = (0..12).map(|n| shown(&format!("w{n}"), "SHUTOFF", &json!({}))).collect();
    server.on(
        SERVERS,
        vec![Play::Late(std::time::Duration::from_millis(40), 200, json!({ "servers": all }).to_string())],
    );
    let cloud = cloud(&server);
    cloud.session.greet().await.unwrap();
    let stops = (0..12).map(|n| {
        let cloud = &cloud;
        async move { cloud.stop_server(&cx("s"), &format!("w{n}").into()).await }
    });
    for stopped in futures::future::join_all(stops).await {
        assert_eq!(stopped.unwrap(), Outcome::AlreadyDone(()));
    }
    assert!(server.lines(SERVERS).len() <= 2, "{:?}", server.lines(SERVERS));
}

#[tokio::test]
async fn servers_that_are_asked_for_together_are_listed_and_a_few_are_not() {
    const ONE: &str = "GET /nova/v2.1/servers/";
    let server = server().await;
    let all: Vec<Value> = (0..4).map(|n| shown(&format!("w{n}"), "ACTIVE", &json!({}))).collect();
    let alone = |n: usize| ok(&json!({ "server": all[n] }));
    let gone = answer(404, r#"{"itemNotFound": {"message": "Instance could not be found."}}"#);
    server
        .on(SERVERS, vec![listed(&all)])
        .on("GET /nova/v2.1/servers/w0", vec![alone(0)])
        .on("GET /nova/v2.1/servers/w1", vec![alone(1)])
        .on("GET /nova/v2.1/servers/gone", vec![gone]);
    let cloud = cloud(&server);
    cloud.session.greet().await.unwrap();
    let found = async |ids: &[&str]| {
        let ask = ids.iter().map(|id| async { cloud.server(&(*id).into()).await.unwrap().map(|s| s.id.to_string()) });
        futures::future::join_all(ask).await
    };
    let some = |ids: &[&str]| ids.iter().map(|id| Some((*id).to_owned())).collect::<Vec<_>>();
    assert_eq!(found(&["w0", "w1", "w0"]).await, some(&["w0", "w1", "w0"]));
    let singles = || server.lines(ONE).iter().filter(|line| !line.contains("detail")).count();
    assert_eq!((singles(), server.lines(SERVERS).len()), (2, 0), "a few are asked for by id, each once");
    assert_eq!(found(&["w1", "w2", "w3"]).await, some(&["w1", "w2", "w3"]));
    assert_eq!((singles(), server.lines(SERVERS).len()), (2, 1), "many come out of one list");
    let with_one_gone = found(&["w1", "w2", "gone"]).await;
    assert_eq!(with_one_gone, [&some(&["w1", "w2"])[..], &[None]].concat());
    assert_eq!((singles(), server.lines(SERVERS).len()), (3, 2), "what a list lacks is asked for by id");
}
