use super::*;
use crate::ports::PROBE_OUTPUT_LINES;
use std::time::Instant;

fn server(addresses: &[&str]) -> ProbedServer {
    ProbedServer {
        site: "site-b".into(),
        id: "server-1".into(),
        name: "web".to_owned(),
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        operation: "op-1".into(),
    }
}

fn shell(script: &str) -> ProbeCommand {
    ProbeCommand { program: "/bin/sh".to_owned(), arguments: vec!["-c".to_owned(), script.to_owned()] }
}

const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_port_that_listens_is_up_and_one_that_does_not_is_looked_at_again() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let web = server(&["127.0.0.1", "192.0.2.1"]);
    SystemProbe.tcp(&web, port, LONG).await.unwrap();
    // held and silent: a port that is given back may be somebody else's at once
    let silent = tokio::net::TcpSocket::new_v4().unwrap();
    silent.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let port = silent.local_addr().unwrap().port();
    let refused = SystemProbe.tcp(&web, port, LONG).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Transient, "{refused}");
    let refused = SystemProbe.tcp(&server(&[]), port, LONG).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition, "{refused}");
}

#[tokio::test]
async fn a_program_hears_what_it_looks_at_and_nothing_else() {
    let script = "echo $PROTECTOR_SERVER_ID $PROTECTOR_SERVER_NAME $PROTECTOR_SERVER_ADDRESSES $PROTECTOR_SITE \
                  $PROTECTOR_OPERATION; echo \"[$CARGO_MANIFEST_DIR]\" >&2";
    assert!(std::env::var_os("CARGO_MANIFEST_DIR").is_some(), "the check would see it");
    let lines = SystemProbe.command(&server(&["10.0.0.5", "10.0.1.5"]), &shell(script), LONG).await.unwrap();
    assert_eq!(lines, ["server-1 web 10.0.0.5,10.0.1.5 site-b op-1", "[]"]);
}

#[tokio::test]
async fn a_program_that_fails_says_why() {
    let refused = SystemProbe.command(&server(&[]), &shell("echo no database; exit 3"), LONG).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition);
    assert!(refused.message().contains("exit status: 3") && refused.message().contains("no database"), "{refused}");
    let absent = ProbeCommand { program: "/no/such/program".to_owned(), arguments: Vec::new() };
    let refused = SystemProbe.command(&server(&[]), &absent, LONG).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Precondition, "{refused}");
}

#[tokio::test]
async fn a_program_that_does_not_end_is_killed() {
    let begun = Instant::now();
    let short = Duration::from_millis(200);
    let refused = SystemProbe.command(&server(&[]), &shell("echo waiting; exec sleep 60"), short).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::DeadlineExceeded);
    assert!(refused.message().contains("was killed") && refused.message().contains("waiting"), "{refused}");
    assert!(begun.elapsed() < LONG);
}

#[tokio::test]
async fn a_program_that_writes_much_is_read_to_its_end() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done";
    let lines = SystemProbe.command(&server(&[]), &shell(script), LONG).await.unwrap();
    assert_eq!(lines.len(), PROBE_OUTPUT_LINES);
    assert_eq!(lines.last().unwrap(), "line 19999");
}

/// Its child still holds the pipes.
#[tokio::test]
async fn a_program_that_leaves_a_child_behind_has_ended() {
    let begun = Instant::now();
    assert_eq!(SystemProbe.command(&server(&[]), &shell("sleep 30 & echo done"), LONG).await.unwrap(), ["done"]);
    assert!(begun.elapsed() < LONG);
}
