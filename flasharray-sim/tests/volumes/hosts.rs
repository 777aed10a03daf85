//! Hosts, host groups and connections.

use crate::lab::{Lab, said};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn hosts_are_made_changed_found_and_deleted() {
    let lab = Lab::new().await;
    let made = lab.post("hosts?names=h1", json!({"iqns": ["iqn.a"], "personality": "esxi"})).await;
    let item = &made[0];
    assert_eq!((&item["name"], &item["iqns"], &item["personality"]), (&json!("h1"), &json!(["iqn.a"]), &json!("esxi")));
    assert_eq!((&item["host_group"], &item["is_local"]), (&json!({"name": null}), &json!(true)));
    assert_eq!(item["chap"]["host_user"], Value::Null);
    assert_eq!(lab.names("hosts?filter=iqns%3D'iqn.a'%20and%20is_local").await, ["h1"]);
    assert!(lab.names("hosts?filter=iqns%3D'iqn.b'%20and%20is_local").await.is_empty());
    let chap =
        json!({"chap": {"host_user": "u", "host_password": "secret-secret"}, "add_wwns": ["21:00:f4:c7:aa:00:27:06"]});
    let changed = lab.patch("hosts?names=h1", chap).await;
    assert_eq!(changed[0]["chap"]["host_password"], "****");
    assert_eq!(changed[0]["wwns"], json!(["2100F4C7AA002706"]));
    assert_eq!(changed[0]["iqns"], json!(["iqn.a"]), "what is not named stays");
    let table = [
        (Method::POST, "names=h1", json!({}), "h1", "Host already exists"),
        (Method::POST, "names=h2", json!({"iqns": ["iqn.a"]}), "h2", "iqn.a is already in use"),
        (Method::POST, "names=h2", json!({"personality": "amiga"}), "h2", "personality"),
        (Method::POST, "names=h_2", json!({}), "h_2", "Host name must be"),
        (Method::PATCH, "names=nope", json!({"iqns": []}), "nope", "Host does not exist"),
        (Method::PATCH, "names=h1", json!({"vlan": "5000"}), "h1", "vlan"),
        (Method::PATCH, "names=h1", json!({"wwns": ["xyz"]}), "wwns", "xyz"),
    ];
    for (method, query, body, context, part) in table {
        said(&lab.refused(method, &format!("hosts?{query}"), body).await, context, part);
    }
    assert_eq!(lab.patch("hosts?names=h1", json!({"name": "h9", "remove_iqns": ["iqn.a"]})).await[0]["name"], "h9");
    assert_eq!(lab.ask(Method::DELETE, "hosts?names=h9", Value::Null).await, (200, Value::Null));
    assert!(lab.names("hosts").await.is_empty());
}

#[tokio::test]
async fn a_connection_keeps_its_volume_and_its_host() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1,v2", json!({})).await;
    lab.post("hosts?names=h1,h2", json!({})).await;
    let made = lab.post("connections?host_names=h1&volume_names=v1", json!({})).await;
    let nobody = json!({"id": null, "name": null});
    assert_eq!((&made[0]["host"]["name"], &made[0]["lun"]), (&json!("h1"), &json!(1)));
    assert_eq!((&made[0]["host_group"], &made[0]["protocol_endpoint"]), (&json!({"name": null}), &nobody));
    assert_eq!(made[0]["volume"]["name"], "v1");
    assert_eq!(lab.post("connections?host_names=h1&volume_names=v2", json!({"lun": 5})).await[0]["lun"], 5);
    assert_eq!(lab.get("volumes?names=v1").await[0]["connection_count"], 1);
    assert_eq!(lab.get("hosts?names=h1").await[0]["connection_count"], 2);
    let connect = |query: &str| format!("connections?{query}");
    let table = [
        (Method::POST, "host_names=h1&volume_names=v1", json!({}), "v1", "Connection already exists."),
        (Method::POST, "host_names=nope&volume_names=v1", json!({}), "nope", "Host does not exist"),
        (Method::POST, "host_names=h1&volume_names=nope", json!({}), "nope", "Volume does not exist"),
        (Method::POST, "host_names=h1,h2&volume_names=v1,v2", json!({}), "volume_names", "cannot be combined"),
        (Method::POST, "volume_names=v1", json!({}), "host_names", "required"),
        (Method::DELETE, "host_names=h2&volume_names=v1", Value::Null, "h2", "Connection does not exist."),
    ];
    for (method, query, body, context, part) in table {
        said(&lab.refused(method, &connect(query), body).await, context, part);
    }
    lab.post("volumes?names=v3", json!({})).await;
    let taken = lab.refused(Method::POST, "connections?host_names=h1&volume_names=v3", json!({"lun": 5})).await;
    said(&taken, "v3", "LUN 5 is already in use");
    said(
        &lab.refused(Method::PATCH, "volumes?names=v1", json!({"destroyed": true})).await,
        "v1",
        "existing connections",
    );
    let kept = lab.refused(Method::DELETE, "hosts?names=h1", Value::Null).await;
    said(&kept, "h1", "Host cannot be deleted due to existing connections.");
    assert_eq!(lab.get("connections?volume_names=v1").await.len(), 1);
    assert_eq!(
        lab.ask(Method::DELETE, "connections?host_names=h1&volume_names=v1", Value::Null).await,
        (200, Value::Null)
    );
    assert!(lab.get("connections?volume_names=v1").await.is_empty());
    lab.patch("volumes?names=v1", json!({"destroyed": true})).await;
}

#[tokio::test]
async fn a_host_group_connects_each_of_its_hosts() {
    let lab = Lab::new().await;
    lab.post("volumes?names=v1", json!({})).await;
    lab.post("hosts?names=h1,h2", json!({})).await;
    lab.post("host-groups?names=hg", Value::Null).await;
    let member = lab.post("host-groups/hosts?group_names=hg&member_names=h1,h2", Value::Null).await;
    assert_eq!(member[0], json!({"group": {"name": "hg"}, "member": {"name": "h1"}}));
    let again = lab.refused(Method::POST, "host-groups/hosts?group_names=hg&member_names=h1", Value::Null).await;
    said(&again, "h1", "already belongs to");
    let made = lab.post("connections?host_group_names=hg&volume_names=v1", json!({})).await;
    let seen: Vec<_> =
        made.iter().map(|item| (&item["host"]["name"], &item["host_group"]["name"], &item["lun"])).collect();
    assert_eq!(seen, [(&json!("h1"), &json!("hg"), &json!(254)), (&json!("h2"), &json!("hg"), &json!(254))]);
    assert_eq!(lab.get("volumes?names=v1").await[0]["connection_count"], 1);
    let private = lab.refused(Method::POST, "connections?host_names=h1&volume_names=v1", json!({})).await;
    said(&private, "v1", "Connection already exists.");
    let group = lab.get("host-groups?names=hg").await;
    assert_eq!((&group[0]["host_count"], &group[0]["connection_count"]), (&json!(2), &json!(1)));
    said(&lab.refused(Method::DELETE, "host-groups?names=hg", Value::Null).await, "hg", "existing connections");
    lab.ask(Method::DELETE, "connections?host_group_names=hg&volume_names=v1", Value::Null).await;
    lab.ask(Method::DELETE, "host-groups/hosts?group_names=hg&member_names=h1", Value::Null).await;
    assert_eq!(lab.get("host-groups/hosts?group_names=hg").await.len(), 1);
    said(&lab.refused(Method::DELETE, "host-groups?names=hg", Value::Null).await, "hg", "contains hosts");
    lab.ask(Method::DELETE, "host-groups/hosts?group_names=hg&member_names=h2", Value::Null).await;
    assert_eq!(lab.ask(Method::DELETE, "host-groups?names=hg", Value::Null).await, (200, Value::Null));
}

#[tokio::test]
async fn what_an_array_is_built_of_is_shown() {
    let lab = Lab::new().await;
    assert_eq!(lab.names("controllers?filter=status%3D'ready'").await, ["CT0", "CT1"]);
    let ports = lab.get("ports").await;
    assert!(
        ports.iter().all(|port| port["iqn"].as_str().unwrap().starts_with("iqn.2010-06.com.purestorage:flasharray."))
    );
    let iscsi = lab.get("network-interfaces?filter=services%3D'iscsi'").await;
    assert_eq!(iscsi.len(), ports.len());
    for (port, interface) in ports.iter().zip(&iscsi) {
        let portal = format!("{}:3260", interface["eth"]["address"].as_str().unwrap());
        assert_eq!(port["portal"], portal);
    }
    assert!(lab.get("hardware").await.iter().all(|part| part["status"] == "ok"));
    assert_eq!(lab.names("admins").await, ["pureuser"]);
    for path in ["alerts", "alerts?filter=state%3D'open'", "offloads", "volume-groups"] {
        assert!(lab.get(path).await.is_empty(), "{path}");
    }
    let (_, own) = lab.a.get("container-default-protections?names=").await;
    assert_eq!(own["items"], json!([{"default_protections": [], "id": null, "name": null, "type": null}]));
}
