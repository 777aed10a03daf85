use super::settle;
use crate::ErrorKind::{self, Cancelled, Conflict, DeadlineExceeded, Indeterminate, Transient, Unreachable};
use crate::model::Epoch;
use crate::ports::{Cancel, Clock as _, Cx, ManualClock, Outcome};
use crate::{Error, Result};
use std::{cell::Cell, time::Duration};

/// What a call answers.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Done,
    AlreadyDone,
    Working,
    Fails(ErrorKind),
}
use Answer::{AlreadyDone, Done, Fails, Working};

/// Settles a call that gives these answers in turn, and the last one again and again. What came of it, and how often the
/// call was made.
async fn settled(answers: &[Answer]) -> (Result<(), ErrorKind>, usize) {
    let clock = ManualClock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let deadline = clock.now() + Duration::from_secs(60);
    let cx = Cx { op_key: "op-1/step".into(), epoch: Epoch(1), deadline, cancel: Cancel::default() };
    let made = Cell::new(0);
    let call = || {
        let answer = answers[made.get().min(answers.len() - 1)];
        made.set(made.get() + 1);
        async move {
            match answer {
                Done => Ok(Outcome::Done(())),
                AlreadyDone => Ok(Outcome::AlreadyDone(())),
                Working => Ok(Outcome::InProgress { poll_after: Duration::from_secs(1) }),
                Fails(kind) => Err(Error::new(kind, "scripted")),
            }
        }
    };
    let result = settle(&clock, &cx, call).await.map_err(|e| e.kind());
    assert!(clock.now() <= deadline);
    (result, made.get())
}

#[tokio::test]
async fn a_result_that_is_not_known_is_asked_for_again() {
    for (answers, expected, calls) in [
        (&[Done][..], Ok(()), 1),
        // the lost reply of a call that did it
        (&[Fails(Indeterminate), AlreadyDone], Ok(()), 2),
        // the lost reply of a call that did not
        (&[Fails(Indeterminate), Done], Ok(()), 2),
        (&[Fails(Indeterminate), Working, Fails(Indeterminate), AlreadyDone], Ok(()), 4),
        (&[Fails(Indeterminate), Fails(Conflict)], Err(Conflict), 2),
        (&[Fails(Transient), Fails(Transient), Done], Ok(()), 3),
        (&[Working, Working, Done], Ok(()), 3),
        (&[Fails(Conflict)], Err(Conflict), 1),
        (&[Fails(Cancelled)], Err(Cancelled), 1),
        // a driver that came to the deadline by itself does not hide what kept it busy
        (&[Fails(Transient), Fails(DeadlineExceeded)], Err(Transient), 2),
        (&[Fails(DeadlineExceeded)], Err(DeadlineExceeded), 1),
    ] {
        assert_eq!(settled(answers).await, (expected, calls), "{answers:?}");
    }
}

#[tokio::test]
async fn a_silent_endpoint_is_given_up_after_some_tries_in_a_row() {
    let silent = Fails(Unreachable);
    assert_eq!(settled(&[silent]).await, (Err(Unreachable), 5));
    assert_eq!(settled(&[silent, silent, silent, silent, Done]).await, (Ok(()), 5));
    // short silences in the middle of long work are no reason to give it up
    let blinking = [silent, silent, silent, Working, silent, silent, silent, Working, silent, Done];
    assert_eq!(settled(&blinking).await, (Ok(()), 10));
}

#[tokio::test]
async fn at_the_deadline_the_reason_is_told_if_there_still_is_one() {
    for (answers, expected) in [
        (&[Working][..], DeadlineExceeded),
        (&[Fails(Transient)], Transient),
        (&[Fails(Indeterminate)], Indeterminate),
        // not known before, busy since: still not known
        (&[Fails(Indeterminate), Fails(Transient)], Indeterminate),
        (&[Fails(Transient), Working], DeadlineExceeded),
    ] {
        let (result, calls) = settled(answers).await;
        assert_eq!(result, Err(expected), "{answers:?}");
        assert!(calls > 5, "{answers:?}: {calls}");
    }
}

#[tokio::test]
async fn after_a_lost_reply_silence_does_not_make_it_known() {
    assert_eq!(settled(&[Fails(Indeterminate), Fails(Unreachable)]).await.0, Err(Indeterminate));
}
