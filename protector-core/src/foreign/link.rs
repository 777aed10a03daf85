//! Making a call: on a thread of its own, for a bounded time, with answers that are read strictly.

use super::{
    Foreign,
    wire::{Change, Context, Description},
};
use crate::caller::spawn_blocking;
use crate::ports::{Clock, Cx, Observed, Outcome};
use crate::{Error, ErrorKind, Result};
use jiff::{SignedDuration, Timestamp};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, sync::Arc, time::Duration};

/// How long a call may take. Long work is `InProgress`, so whoever takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// What to do about a driver that breaks its promises.
pub(super) const DEFECT: &str = "this is a defect of the driver: run the conformance suite of its port on it";

/// The way to a driver of another language.
#[derive(Debug, Clone)]
pub(super) struct Link {
    foreign: Arc<dyn Foreign>,
    pub(super) driver_name: String,
    endpoint: String,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

impl Link {
    /// Asks what stands at the other end.
    pub(super) async fn open<C: DeserializeOwned>(
        foreign: Arc<dyn Foreign>,
        clock: Arc<dyn Clock>,
    ) -> Result<(Self, Description<C>)> {
        let mut link = Self { foreign, driver_name: "driver".to_owned(), endpoint: String::new(), clock, limit: LIMIT };
        let description: Description<C> = link.read("describe", &serde_json::Map::new()).await?;
        if description.driver_name.is_empty() || description.endpoint.is_empty() {
            return Err(Error::internal("a driver does not say what it is called, and what is behind it")
                .remedy("answer 'describe' with driver_name and endpoint"));
        }
        link.driver_name.clone_from(&description.driver_name);
        link.endpoint.clone_from(&description.endpoint);
        Ok((link, description))
    }

    /// The same with another limit, for those who do not want to wait for it.
    #[cfg(test)]
    pub(super) fn limited_to(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }

    /// A call without effect.
    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        method: &'static str,
        arguments: &impl Serialize,
    ) -> Result<T> {
        self.answer(method, arguments, self.limit, ErrorKind::Unreachable).await
    }

    /// What such a call has seen.
    pub(super) fn observed<T>(&self, value: T, endpoint_time: Timestamp) -> Observed<T> {
        Observed { value, endpoint_time, at: self.clock.now() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A call with an effect. One that is cancelled or late is not made.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        method: &'static str,
        cx: &Cx,
        arguments: &impl Serialize,
    ) -> Result<Outcome<T>> {
        #[derive(Serialize)]
        struct Arguments<'a, A> {
            context: Context,
            #[serde(flatten)]
            others: &'a A,
        }
        let now = self.clock.now();
        cx.check(now)?;
        let left = Duration::try_from(SignedDuration::from_secs(0).max(cx.deadline.duration_since(now)));
        let limit = left.map_or(self.limit, |left| left.min(self.limit));
        let arguments = Arguments { context: cx.into(), others: arguments };
        let change: Change<T> = self.answer(method, &arguments, limit, ErrorKind::Indeterminate).await?;
        Ok(change.into())
    }

    /// `silence` is what it means that no answer came.
    async fn answer<T: DeserializeOwned>(
        &self,
        method: &'static str,
        arguments: &impl Serialize,
        limit: Duration,
        silence: ErrorKind,
    ) -> Result<T> {
        let arguments = serde_json::to_string(arguments)
            .map_err(|e| Error::internal(format!("{self}: {method} cannot be asked as JSON: {e}")).source(e))?;
        let foreign = Arc::clone(&self.foreign);
        let call = spawn_blocking(move || foreign.call(method, &arguments));
        let answered = match tokio::time::timeout(limit, call).await {
            Ok(Ok(answered)) => answered.map_err(|e| e.context(self))?,
            Ok(Err(e)) => {
                return Err(Error::new(silence, format!("{self}: {method} ended in a panic")).remedy(DEFECT).source(e));
            }
            Err(_) => {
                let message = format!("{self}: {method} did not answer within {} s", limit.as_secs());
                return Err(Error::new(silence, message)
                    .remedy("long work of a driver comes back as in progress; see what its calls wait for"));
            }
        };
        serde_json::from_str(&answered).map_err(|e| {
            Error::internal(format!("{self}: {method} answered with what cannot be read: {e}")).remedy(DEFECT).source(e)
        })
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.endpoint.is_empty() {
            return f.write_str(&self.driver_name);
        }
        write!(f, "{} '{}'", self.driver_name, self.endpoint)
    }
}
