use super::{OWNER, around, arrays, spec, within};
use crate::ErrorKind::Indeterminate;
use crate::ports::StorageDriver;
use crate::wrap::{CallCounters, Fault, FaultScript, Faulty, Traced};
use std::{
    fmt::{Debug, Write as _},
    sync::{Arc, Mutex},
    time::Duration,
};
use tracing::{Event, Metadata, Subscriber, field, span};

/// Keeps spans and events of the storage target as lines of `field=value`.
#[derive(Clone, Default)]
struct Listener(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl field::Visit for Line {
    fn record_debug(&mut self, field: &field::Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "protector.engine.storage"
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut line = Line(format!("span {}", attributes.metadata().level()));
        attributes.record(&mut line);
        self.0.lock().unwrap().push(line.0);
        span::Id::from_u64(1)
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("event {}", event.metadata().level()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

fn traced(script: FaultScript) -> (Arc<dyn StorageDriver>, CallCounters, crate::ports::Cx) {
    let arrays = arrays();
    let faulty: Arc<dyn StorageDriver> = around(Faulty::new(script, arrays.clock.clone()), &arrays.source);
    let counters = CallCounters::default();
    let cx = within(&*arrays.clock, 60);
    (around(Traced::new(counters.clone()), &faulty), counters, cx)
}

#[tokio::test]
async fn a_call_is_told_with_what_it_came_to() {
    let (array, _, cx) = traced(FaultScript::default().nth("ensure_group", 3, Fault::LostReply));
    let heard = Listener::default();
    let listening = tracing::subscriber::set_default(heard.clone());
    for _ in 0..3 {
        drop(array.ensure_group(&cx, &spec(OWNER)).await);
    }
    array.info().await.unwrap();
    drop(listening);
    let lines = heard.0.lock().unwrap().clone();
    let expected: [&[&str]; 8] = [
        &["span DEBUG", "method=\"ensure_group\"", "subject=group 'pg-1'", "op_key=op-1/step"],
        &["event DEBUG", "method=\"ensure_group\"", "subject=group 'pg-1'", "outcome=\"done\"", "milliseconds="],
        &["span"],
        &["event", "outcome=\"already_done\""],
        &["span"],
        &["event", "outcome=\"indeterminate\"", "error=MockStorageDriver(flasharray-a): lost reply of call 3"],
        &["span", "method=\"info\"", "subject=array"],
        &["event", "method=\"info\"", "outcome=\"ok\""],
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, parts) in lines.iter().zip(expected) {
        assert!(line.contains("array=MockStorageDriver(flasharray-a)"), "{line}");
        parts.iter().for_each(|part| assert!(line.contains(part), "'{part}' is not in: {line}"));
    }
    assert!(!lines[6].contains("op_key") && !lines[7].contains("error"), "{lines:#?}");
}

#[tokio::test]
async fn calls_and_errors_are_counted_by_method() {
    let (array, counters, cx) = traced(FaultScript::default().nth("ensure_group", 2, Fault::LostReply));
    assert!(counters.read().is_empty());
    array.ensure_group(&cx, &spec(OWNER)).await.unwrap();
    assert_eq!(array.ensure_group(&cx, &spec(OWNER)).await.unwrap_err().kind(), Indeterminate);
    array.info().await.unwrap();
    let counts = counters.read();
    let found: Vec<_> = counts.iter().map(|(method, count)| (*method, count.calls, count.errors)).collect();
    assert_eq!(found, [("ensure_group", 2, 1), ("info", 1, 0)]);
    assert!(counts["ensure_group"].total > Duration::ZERO);
}
