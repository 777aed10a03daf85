//! The simulator as a client sees it, over real TLS.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test says so by panicking")]

mod client;

use client::{Client, JsonText, read, start};
use flasharray_sim::{ArrayOptions, Options, RestVersion, Simulator};
use protector_core::mock::WorldTime;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const DAY: u64 = 86_400_000;

fn eradication(days: u64) -> Value {
    json!({"eradication_config": {"eradication_delay": days * DAY}})
}

/// The delay of eradication in days: the one thing that these tests change.
async fn days(client: &Client) -> u64 {
    let (status, body) = client.get("arrays").await;
    assert_eq!(status, 200);
    body["items"][0]["eradication_config"]["eradication_delay"].as_u64().unwrap() / DAY
}

#[tokio::test]
async fn a_session_opens_the_array() {
    let simulator = start(Options::default()).await;
    let mut client = Client::new(&simulator.arrays()[0]);
    assert_eq!(client.get("arrays").await.0, 401);
    let wrong = client.request(Method::POST, "login").header("api-token", "wrong").send().await.unwrap();
    assert_eq!(wrong.status(), 401);
    client.log_in().await;
    let (status, body) = client.get("arrays").await;
    assert_eq!(status, 200);
    assert_eq!(body["items"][0]["name"], "arrA");
    assert_eq!(client.request(Method::POST, "logout").send().await.unwrap().status(), 200);
    let location = json!({"name": "arrA", "id": null, "resource_type": "remote-arrays"});
    let expired = json!({"errors": [{"message": "Invalid session.", "location_context": location}]});
    assert_eq!(client.get("arrays").await, (401, expired));
    simulator.stop().await;
}

#[tokio::test]
async fn tokens_and_sessions_are_of_one_array() {
    let simulator = start(Options::default()).await;
    let [a, b] = [&simulator.arrays()[0], &simulator.arrays()[1]];
    let mut foreign = Client::logged_in(a).await;
    foreign.url.clone_from(&b.url);
    assert_eq!(foreign.get("arrays").await.0, 401);
    let login = foreign.request(Method::POST, "login").header("api-token", &a.api_token).send().await.unwrap();
    assert_eq!(login.status(), 401);
    simulator.stop().await;
}

#[tokio::test]
async fn tokens_stay_the_same_after_a_restart() {
    let first = start(Options::default()).await;
    let tokens: Vec<String> = first.arrays().iter().map(|array| array.api_token.clone()).collect();
    first.stop().await;
    let second = start(Options::default()).await;
    assert_eq!(tokens, second.arrays().iter().map(|array| array.api_token.clone()).collect::<Vec<_>>());
    assert_ne!(tokens[0], tokens[1]);
    second.stop().await;
}

#[tokio::test]
async fn an_idle_session_ends_by_the_clock_of_the_world() {
    let options = Options { time: WorldTime::Virtual, session_time: Duration::from_secs(60), ..Options::default() };
    let simulator = start(options).await;
    let mut client = Client::logged_in(&simulator.arrays()[0]).await;
    let clock = simulator.world().clock();
    clock.sleep(Duration::from_secs(50)).await;
    assert_eq!(client.get("arrays").await.0, 200);
    clock.sleep(Duration::from_secs(50)).await;
    assert_eq!(client.get("arrays").await.0, 200);
    clock.sleep(Duration::from_secs(61)).await;
    assert_eq!(client.get("arrays").await.0, 401);
    client.log_in().await;
    assert_eq!(client.get("arrays").await.0, 200);
    simulator.stop().await;
}

#[tokio::test]
async fn the_versions_need_no_session() {
    let simulator = start(Options::default()).await;
    let client = Client::new(&simulator.arrays()[1]);
    let (status, body) = read(client.plain(Method::GET, "/api/api_version").send().await.unwrap()).await;
    assert_eq!(status, 200);
    let versions = body["version"].as_array().unwrap();
    assert_eq!((versions.first().unwrap(), versions.last().unwrap()), (&json!("2.0"), &json!("2.37")));
    assert!(!versions.contains(&json!("2.12")) && !versions.contains(&json!("2.18")));
    simulator.stop().await;
}

#[tokio::test]
async fn every_version_up_to_the_newest_is_served_at_once() {
    let simulator = start(Options { rest_max: RestVersion::new(2, 26), ..Options::default() }).await;
    let mut client = Client::new(&simulator.arrays()[0]);
    client.version = "2.26";
    client.log_in().await;
    for (version, status) in [("2.2", 200), ("2.26", 200), ("2.1", 404), ("2.27", 404), ("2.12", 404), ("1.19", 404)] {
        client.version = version;
        assert_eq!(client.get("arrays").await.0, status, "{version}");
    }
    simulator.stop().await;
}

#[tokio::test]
async fn what_is_not_simulated_is_not_found() {
    let simulator = start(Options::default()).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let (status, body) = client.get("toasters").await;
    assert_eq!(status, 404);
    assert_eq!(body["errors"][0]["message"], "Not found: this request is not simulated.");
    assert_eq!(client.request(Method::DELETE, "arrays").send().await.unwrap().status(), 404);
    assert_eq!(client.plain(Method::GET, "/").send().await.unwrap().status(), 404);
    simulator.stop().await;
}

#[tokio::test]
async fn lists_and_changes_come_in_their_envelopes() {
    let simulator = start(Options::default()).await;
    let mut client = Client::logged_in(&simulator.arrays()[0]).await;
    let response = client.request(Method::GET, "arrays").header("x-request-id", "r-1").send().await.unwrap();
    assert_eq!(response.headers()["x-request-id"], "r-1");
    assert_eq!(response.headers()["content-type"], "application/json");
    let (_, body) = read(response).await;
    let fields: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["continuation_token", "items", "more_items_remaining", "total_item_count"]);
    assert_eq!((&body["continuation_token"], &body["total_item_count"]), (&Value::Null, &Value::Null));
    assert_eq!(client.get("arrays?total_item_count=true").await.1["total_item_count"], 1);
    assert_eq!(client.get("arrays?limit=0").await.1["items"], json!([]));
    assert_eq!(client.get("arrays?filter=name%3D%27arrB%27").await.1["items"], json!([]));
    let (status, body) = client.send(Method::PATCH, "arrays", &eradication(2)).await;
    assert_eq!(
        (status, body.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>()),
        (200, vec!["items"])
    );
    assert_eq!(days(&client).await, 2);
    assert!(body["items"][0].get("context").is_none());
    client.version = "2.38";
    assert_eq!(client.get("arrays").await.0, 404);
    simulator.stop().await;
}

#[tokio::test]
async fn pages_are_chained_by_their_tokens() {
    let simulator = start(Options { page_limit: 10, ..Options::default() }).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let names: Vec<String> = (0..25).map(|number| format!("v{number:02}")).collect();
    let path = format!("volumes?names={}", names.join(","));
    assert_eq!(client.send(Method::POST, &path, &json!({"provisioned": 1 << 20})).await.0, 200);
    let (mut found, mut token) = (Vec::new(), String::new());
    for page in 0..3 {
        let response =
            client.request(Method::GET, &format!("volumes?continuation_token={token}")).send().await.unwrap();
        let next = response.headers().get("x-next-token").map(|value| value.to_str().unwrap().to_owned());
        let (_, body) = read(response).await;
        assert_eq!(
            (body["continuation_token"].as_str(), &body["more_items_remaining"]),
            (next.as_deref(), &json!(page < 2))
        );
        found.extend(body["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()));
        token = next.unwrap_or_default();
        if page == 0 {
            assert_eq!(client.send(Method::POST, "volumes?names=v001,v10a", &json!({})).await.0, 200);
        }
    }
    let mut expected = names;
    expected.insert(11, "v10a".to_owned());
    assert_eq!(found, expected, "what was made in front of the page is not seen, what was made behind it is");
    simulator.stop().await;
}

#[tokio::test]
async fn a_fleet_says_which_array_answers() {
    let simulator = start(Options { rest_max: RestVersion::new(2, 38), ..Options::default() }).await;
    let mut client = Client::logged_in(&simulator.arrays()[1]).await;
    client.version = "2.38";
    for query in ["", "?context_names=", "?context_names=arrB"] {
        let (status, body) = client.get(&format!("arrays{query}")).await;
        assert_eq!((status, &body["items"][0]["context"]["name"]), (200, &json!("arrB")), "{query}");
    }
    let (status, body) = client.get("arrays?context_names=arrA").await;
    assert_eq!((status, &body["errors"][0]["location_context"]["name"]), (400, &json!("arrB")));
    simulator.stop().await;
}

#[tokio::test]
async fn a_refusal_names_what_is_wrong_and_changes_nothing() {
    let simulator = start(Options::default()).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let error = |context: &str, message: &str| json!({"errors": [{"context": context, "message": message}]});
    let missing = error("nope", "Array does not exist.");
    assert_eq!(client.get("arrays?names=nope").await, (400, missing));
    let filter = error("filter", "Invalid filter: it ends too early.");
    assert_eq!(client.get("arrays?filter=name%3D").await, (400, filter));
    let (status, body) = client.send(Method::PATCH, "arrays", &json!({})).await;
    assert_eq!((status, body), (400, error("arrA", "No attribute specified.")));
    let (status, body) = client.send(Method::PATCH, "arrays", &json!({"banner": "hello"})).await;
    assert_eq!((status, body), (400, error("banner", "Changing 'banner' of an array is not simulated.")));
    let mut half = eradication(2);
    half["eradication_config"]["manual_eradication"] = json!("never");
    assert_eq!(client.send(Method::PATCH, "arrays", &half).await.0, 400);
    assert_eq!(days(&client).await, 1);
    let malformed = client.request(Method::PATCH, "arrays").body("{").send().await.unwrap();
    let (status, body) = read(malformed).await;
    assert_eq!((status, &body["errors"][0]["context"]), (400, &json!("body")));
    simulator.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let simulator = start(Options::default()).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let body = vec![b' '; (8 << 20) + 1];
    let (status, body) = read(client.request(Method::PATCH, "arrays").body(body).send().await.unwrap()).await;
    assert_eq!(
        (status, &body["errors"][0]["message"]),
        (400, &json!("The request body is larger than 8388608 bytes."))
    );
    simulator.stop().await;
}

#[tokio::test]
async fn an_identity_token_that_is_known_becomes_an_access_token() {
    let simulator = start(Options { oauth_subjects: vec!["a.b.c".to_owned()], ..Options::default() }).await;
    let client = Client::new(&simulator.arrays()[0]);
    let form = |grant: &str, subject: &str, kind: &str| {
        let body = format!("grant_type={grant}&subject_token={subject}&subject_token_type={kind}").replace(':', "%3A");
        let request = client.plain(Method::POST, "/oauth2/1.0/token");
        async { read(request.body(body).send().await.unwrap()).await }
    };
    let grant = "urn:ietf:params:oauth:grant-type:token-exchange";
    let jwt = "urn:ietf:params:oauth:token-type:jwt";
    let (status, body) = form(grant, "x.y.z", jwt).await;
    assert_eq!((status, &body["error"]), (401, &json!("invalid_client")));
    let (status, body) = form(grant, "a.b.c", "saml").await;
    assert_eq!((status, &body["error_description"]), (400, &json!("Unsupported subject_token_type: saml")));
    assert_eq!(form("password", "a.b.c", jwt).await.0, 400);
    assert_eq!(form(grant, "", jwt).await.0, 400);
    let (status, body) = form(grant, "a.b.c", jwt).await;
    assert_eq!((status, &body["token_type"], &body["expires_in"]), (200, &json!("Bearer"), &json!(35_999)));
    let bearer = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let response = client.request(Method::GET, "arrays").header("authorization", bearer).send().await.unwrap();
    assert_eq!(response.status(), 200);
    simulator.stop().await;
}

#[tokio::test]
async fn a_lost_reply_leaves_its_effect_and_a_refused_request_leaves_none() {
    let simulator = start(Options::default()).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    simulator.faults().add("on PATCH arrays times=1 reply=refused\non PATCH arrays nth=2 reply=lost").unwrap();
    let patch = |days| client.request(Method::PATCH, "arrays").json_text(&eradication(days)).send();
    assert!(patch(2).await.is_err());
    assert_eq!(days(&client).await, 1);
    assert!(patch(3).await.is_err());
    assert_eq!(days(&client).await, 3);
    assert_eq!(patch(4).await.unwrap().status(), 200);
    simulator.stop().await;
}

#[tokio::test]
async fn scripted_replies_look_as_the_line_says() {
    let simulator = start(Options::default()).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let table = [
        (
            "status=500 message=\"Server is busy\"",
            500,
            json!({"errors": [{"context": null, "message": "Server is busy"}]}),
        ),
        ("status=503", 503, json!({"errors": [{"context": null, "message": "Service Unavailable"}]})),
        ("status=403", 403, json!({"message": "Forbidden"})),
        ("status=403 form=errors", 403, json!({"errors": [{"context": null, "message": "Forbidden"}]})),
        ("status=409 form=gateway message=no", 409, json!({"message": "no"})),
        ("status=200 body=\"{}\"", 200, json!({})),
    ];
    for (what, status, body) in table {
        simulator.faults().add(&format!("on GET arrays times=1 {what}")).unwrap();
        assert_eq!(client.get("arrays").await, (status, body), "{what}");
        simulator.faults().clear().unwrap();
    }
    simulator.faults().add("on GET arrays status=429 retry-after=7").unwrap();
    let response = client.request(Method::GET, "arrays").send().await.unwrap();
    assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (429, "7"));
    simulator.faults().clear().unwrap();
    simulator.faults().add("on PATCH arrays status=201").unwrap();
    assert_eq!(client.send(Method::PATCH, "arrays", &eradication(5)).await.0, 201);
    assert_eq!(days(&client).await, 5);
    simulator.stop().await;
}

#[tokio::test]
async fn an_array_that_is_down_does_not_answer_anybody() {
    let simulator = start(Options::default()).await;
    let [a, b] = [&simulator.arrays()[0], &simulator.arrays()[1]];
    let (client, other) = (Client::logged_in(a).await, Client::logged_in(b).await);
    simulator.faults().add("array=arrA down").unwrap();
    assert!(client.request(Method::GET, "arrays").send().await.is_err(), "an open connection");
    assert!(Client::new(a).plain(Method::GET, "/api/api_version").send().await.is_err(), "a new connection");
    let mut stream = tokio::net::TcpStream::connect(a.url.trim_start_matches("https://")).await.unwrap();
    let first = tokio::time::timeout(Duration::from_secs(5), stream.read_u8()).await.unwrap();
    assert!(first.is_err(), "closed before anybody said anything");
    assert_eq!(other.get("arrays").await.0, 200);
    simulator.faults().add("array=arrA up").unwrap();
    assert_eq!(client.get("arrays").await.0, 200);
    simulator.world().set_array_available(&"arrA".into(), false).unwrap();
    assert!(client.request(Method::GET, "arrays").send().await.is_err(), "taken down in the world");
    simulator.stop().await;
}

#[tokio::test]
async fn an_array_tells_the_time_of_its_own_clock() {
    let simulator = start(Options { time: WorldTime::Virtual, ..Options::default() }).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let ask = async || {
        let response = client.request(Method::GET, "arrays/space").send().await.unwrap();
        let date = response.headers()["date"].to_str().unwrap().to_owned();
        (date, read(response).await.1["items"][0]["time"].as_i64().unwrap())
    };
    assert_eq!(ask().await, ("Thu, 01 Jan 2026 00:00:00 GMT".to_owned(), 1_767_225_600_000));
    simulator.faults().add("clock-skew array=arrA +90s").unwrap();
    assert_eq!(ask().await, ("Thu, 01 Jan 2026 00:01:30 GMT".to_owned(), 1_767_225_690_000));
    simulator.stop().await;
}

#[tokio::test]
async fn latency_and_delay_are_waited_for() {
    let simulator = start(Options { latency: Duration::from_millis(30), ..Options::default() }).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let time = async || {
        let begun = Instant::now();
        assert_eq!(client.get("arrays").await.0, 200);
        begun.elapsed()
    };
    assert!(time().await >= Duration::from_millis(30));
    simulator.faults().add("on GET arrays delay=50ms").unwrap();
    assert!(time().await >= Duration::from_millis(80));
    simulator.stop().await;
}

#[tokio::test]
async fn requests_are_counted_also_those_that_fail() {
    let simulator =
        start(Options { faults: "on GET arrays nth=2 reply=refused".to_owned(), ..Options::default() }).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    assert_eq!(simulator.requests(), 1);
    assert_eq!(client.get("arrays").await.0, 200);
    assert_eq!(client.get("toasters").await.0, 404);
    assert_eq!(simulator.requests(), 3);
    simulator.stop().await;
}

#[tokio::test]
async fn the_control_endpoint_steers_the_simulator() {
    let control = Some("127.0.0.1:0".parse().unwrap());
    let simulator = start(Options { time: WorldTime::Virtual, control, ..Options::default() }).await;
    let client = Client::logged_in(&simulator.arrays()[0]).await;
    let base = format!("http://{}", simulator.control().unwrap());
    let ask = async |method: Method, path: &str, body: &str| {
        let request = client.http.request(method, format!("{base}{path}")).body(body.to_owned());
        read(request.send().await.unwrap()).await
    };
    let line = "on GET arrays times=1 status=503";
    let state = |matched: u64| json!({"faults": [{"line": line, "begun": true, "matched": matched}]});
    assert_eq!(ask(Method::POST, "/faults", line).await, (200, state(0)));
    assert_eq!((client.get("arrays").await.0, client.get("arrays").await.0), (503, 200));
    assert_eq!(ask(Method::GET, "/faults", "").await, (200, state(2)));
    assert_eq!(ask(Method::DELETE, "/faults", "").await, (200, json!({"faults": []})));
    let (status, body) = ask(Method::POST, "/faults", "boom").await;
    assert!(status == 400 && body["error"].as_str().unwrap().contains("'boom' is no fault"), "{body}");
    let counts = json!({"total": 3, "by_route": {"arrA GET arrays": 2, "arrA POST login": 1}});
    assert_eq!(ask(Method::GET, "/requests", "").await, (200, counts));
    assert_eq!(ask(Method::DELETE, "/requests", "").await.1["total"], 0);
    let advanced = ask(Method::POST, "/clock/advance", "{\"seconds\": 90}").await;
    assert_eq!(advanced, (200, json!({"now_ms": 1_767_225_690_000_u64})));
    assert_eq!(ask(Method::POST, "/clock/advance", "{\"seconds\": -1}").await.0, 400);
    assert_eq!(ask(Method::GET, "/", "").await.0, 404);
    simulator.stop().await;
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let taken = start(Options::default()).await;
    let port = taken.arrays()[0].url.rsplit(':').next().unwrap().parse().unwrap();
    let local = |name: &str| ArrayOptions::local(name);
    let with = |arrays: Vec<ArrayOptions>| Options { arrays, ..Options::default() };
    let one = || with(vec![local("arrA")]);
    let table = [
        (with(vec![]), "there is no array to serve"),
        (with(vec![local("arrA"), local("arrA")]), "array 'arrA' is given twice"),
        (with(vec![local("arr:A")]), "'arr:A' cannot be the name of an array"),
        (with(vec![ArrayOptions { port, ..local("arrA") }]), "array 'arrA' cannot listen on 127.0.0.1:"),
        (
            Options { control: Some("0.0.0.0:0".parse().unwrap()), ..one() },
            "the control endpoint cannot listen on 0.0.0.0:0",
        ),
        (Options { faults: "boom".to_owned(), ..one() }, "line 1 of the fault script, 'boom'"),
        (Options { page_limit: 0, ..one() }, "a page limit of 0 would show nothing"),
    ];
    for (options, why) in table {
        let refused = Simulator::start(options).await.unwrap_err();
        assert!(refused.message().starts_with(why), "{refused}");
    }
    taken.stop().await;
}
