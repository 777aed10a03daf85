//! Servers that are stopped and started.

use super::OpenStackCloud;
use super::answers::{Action, Server};
use super::beat::{SERVERS, STOPPED, in_progress};
use super::calls::nova;
use super::session::Until;
use crate::model::ServerId;
use crate::ports::{Cx, Outcome, ServerState};
use crate::{Error, Result};
use std::time::Duration;

/// How long a server that was told to stop is looked at often.
const QUICKLY: Duration = Duration::from_secs(5);

impl OpenStackCloud {
    pub(super) async fn stop(&self, cx: &Cx, id: &ServerId, until: Until) -> Result<Outcome<()>> {
        self.reads.asked_servers.forget(id);
        let server = self.watched_server(id, until).await?.ok_or_else(|| self.no_server(id))?;
        match server.state() {
            ServerState::Shutoff => {
                self.powers.take(cx, &server.id);
                Ok(Outcome::AlreadyDone(()))
            }
            // guests that take longer take much longer
            ServerState::Build if self.powers.is_older(cx, &server.id, QUICKLY) => Ok(in_progress(SERVERS)),
            ServerState::Build => Ok(in_progress(STOPPED)),
            ServerState::Active | ServerState::Error => {
                if self.powers.take(cx, &server.id) {
                    return Err(self.not_obeyed(&server, "stop", until).await);
                }
                self.session.send(&nova::stop(id), until).await?;
                self.powers.note(cx, &server.id);
                Ok(in_progress(STOPPED))
            }
            ServerState::Other => Err(self.stands_otherwise(&server, "stopped")),
        }
    }

    pub(super) async fn start(&self, cx: &Cx, id: &ServerId, until: Until) -> Result<Outcome<()>> {
        self.reads.asked_servers.forget(id);
        let server = self.watched_server(id, until).await?.ok_or_else(|| self.no_server(id))?;
        self.up(cx, &server, until).await
    }

    /// Brings a server to `ACTIVE`.
    pub(super) async fn up(&self, cx: &Cx, server: &Server, until: Until) -> Result<Outcome<()>> {
        match server.state() {
            ServerState::Active => {
                self.powers.take(cx, &server.id);
                Ok(Outcome::AlreadyDone(()))
            }
            ServerState::Build => Ok(in_progress(SERVERS)),
            ServerState::Shutoff => {
                if self.powers.take(cx, &server.id) {
                    return Err(self.not_obeyed(server, "start", until).await);
                }
                self.session.send(&nova::start(&server.id.as_str().into()), until).await?;
                self.powers.note(cx, &server.id);
                Ok(in_progress(SERVERS))
            }
            ServerState::Error => Err(self.in_error(server, until).await),
            ServerState::Other => Err(self.stands_otherwise(server, "started")),
        }
    }

    fn stands_otherwise(&self, server: &Server, what: &str) -> Error {
        let (id, name, status) = (&server.id, &server.name, &server.status);
        Error::precondition(format!(
            "server '{name}' ({id}) of {} is {status}, and is not {what} from there",
            self.whose()
        ))
        .remedy(format!("bring it to ACTIVE or SHUTOFF: {} server show {id}", self.command()))
    }

    /// Nova took the order, tried, and left the server as it was.
    async fn not_obeyed(&self, server: &Server, order: &str, until: Until) -> Error {
        let (id, name, status) = (&server.id, &server.name, &server.status);
        let why = self.told_of_action(server, until).await;
        let text = format!("Nova did not {order} server '{name}' ({id}) of {}, which is {status}: {why}", self.whose());
        Error::precondition(text).remedy(format!("mend that and repeat; see {} server event list {id}", self.command()))
    }

    /// What Nova says of the newest thing that it was to do with a server. Why it failed is told from 2.84 on.
    async fn told_of_action(&self, server: &Server, until: Until) -> String {
        let id = ServerId::from(server.id.as_str());
        let told = async {
            let newest =
                self.session.send(&nova::newest_action(&id), until).await?.under::<Vec<Action>>("instanceActions")?;
            let Some(newest) = newest.into_iter().next() else { return Ok(None) };
            let shown = self.session.send(&nova::action_of(&id, &newest.request_id), until).await?;
            Ok::<_, Error>(Some(shown.under::<Action>("instanceAction")?))
        };
        match told.await {
            Ok(Some(action)) => super::failure::shown(&action.told()),
            _ => "Nova does not say why; the log of nova-compute does".to_owned(),
        }
    }
}
