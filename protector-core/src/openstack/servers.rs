//! Servers: shown with all that is needed to build them again, booted from volumes, removed.

use super::OpenStackCloud;
use super::answers::{Network, Port, Server, ServerEntry, Surroundings, Volume};
use super::beat::{BUILT, SERVERS, in_progress};
use super::booting::Ordered;
use super::calls::{neutron, nova};
use super::reads::{CATALOGUE, MOMENT, NOW};
use super::session::Until;
use crate::model::{ServerId, VolumeId};
use crate::ports::{self, Cx, Outcome, SERVER_OP_KEY, ServerSpec, VolumeState};
use crate::{Error, ErrorKind, Result};
use std::sync::Arc;
use std::time::Duration;

/// After so long, what services do with what they were asked for is over, or somebody waits for it, and forgets what was read
/// before.
const SETTLED: Duration = Duration::from_secs(3);

/// What servers are shown with.
struct Around {
    volumes: Arc<Vec<Volume>>,
    ports: Arc<Vec<Port>>,
    networks: Vec<Network>,
}

impl Around {
    fn view(&self) -> Surroundings<'_> {
        Surroundings { volumes: &self.volumes, ports: &self.ports, networks: &self.networks }
    }
}

impl OpenStackCloud {
    async fn around(&self, age: Duration, until: Until) -> Result<Around> {
        let networks = self.usable_networks(CATALOGUE, until);
        let lists = async { futures::try_join!(self.volumes(age, until), self.ports(age, until), networks) };
        // three lists at once are too much for the stack of whoever waits
        let (volumes, ports, mut networks) = Box::pin(lists).await?;
        if !ports.iter().all(|port| networks.iter().any(|network| network.id == port.network_id)) {
            networks = self.usable_networks(NOW, until).await?;
        }
        Ok(Around { volumes, ports, networks })
    }

    async fn listed_servers(&self, until: Until) -> Result<Arc<Vec<Server>>> {
        self.reads.servers.read(until, self.session.list(&nova::servers(), "servers", until)).await
    }

    pub(super) async fn all_servers(&self, until: Until) -> Result<Vec<ports::Server>> {
        // first the servers: what was attached to one that has gone meanwhile is not missed
        let servers = self.listed_servers(until).await?;
        if servers.is_empty() {
            return Ok(Vec::new());
        }
        let around = self.around_all(&servers, until).await?;
        let mut shown: Vec<ports::Server> = servers.iter().map(|server| server.show(around.view())).collect();
        shown.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        Ok(shown)
    }

    /// What is around servers. A plan and its acceptance share it, if nothing is changed from here: Cinder 29 reads the whole
    /// group anew for each of its volumes that it lists.
    async fn around_all(&self, servers: &[Server], until: Until) -> Result<Around> {
        if self.session.is_quiet_for(SETTLED) {
            let recent = self.around(MOMENT, until).await?;
            if servers.iter().all(|server| server.is_all_in(recent.view())) {
                return Ok(recent);
            }
        }
        self.around(NOW, until).await
    }

    pub(super) async fn one_server(&self, id: &ServerId, until: Until) -> Result<Option<ports::Server>> {
        match self.asked_server(id, until).await? {
            Some(server) => self.shown_server(&server, until).await.map(Some),
            None => Ok(None),
        }
    }

    async fn shown_server(&self, server: &Server, until: Until) -> Result<ports::Server> {
        let recent = self.around(MOMENT, until).await?;
        if server.is_all_in(recent.view()) {
            return Ok(server.show(recent.view()));
        }
        Ok(server.show(self.around(NOW, until).await?.view()))
    }

    pub(super) async fn find_server(&self, id: &ServerId, until: Until) -> Result<Option<Server>> {
        let found = self.session.find(&nova::server(id), until).await?;
        found.map(|reply| reply.under("server")).transpose()
    }

    /// The server as it is in the list of all, which is shared by those who wait for theirs at the same time.
    pub(super) async fn watched_server(&self, id: &ServerId, until: Until) -> Result<Option<Server>> {
        let listed = self.listed_servers(until).await?;
        match listed.iter().find(|server| server.id == id.as_str()) {
            Some(server) => Ok(Some(server.clone())),
            // it may be another project's, which is not the same as gone
            None => self.find_server(id, until).await,
        }
    }

    pub(super) fn no_server(&self, id: &ServerId) -> Error {
        Error::not_found(format!("{} has no server '{id}'", self.whose()))
            .remedy(format!("{} server list", self.command()))
    }

    /// Why a server is in error. Lists leave the reason out.
    pub(super) async fn in_error(&self, server: &Server, until: Until) -> Error {
        let id = ServerId::from(server.id.as_str());
        let shown = self.find_server(&id, until).await.ok().flatten();
        let why = super::failure::shown(shown.as_ref().unwrap_or(server).fault_text());
        Error::precondition(format!("server '{}' ({id}) of {} is in ERROR: {why}", server.name, self.whose())).remedy(
            format!(
                "mend that, then delete the server, whose volumes stay, and repeat: {} server delete {id}",
                self.command()
            ),
        )
    }

    pub(super) async fn boot(&self, cx: &Cx, spec: &ServerSpec, until: Until) -> Result<Outcome<ports::Server>> {
        match self.ordered(&spec.op_key, until).await? {
            Ordered::Building => return Ok(in_progress(BUILT)),
            Ordered::Built(server) => return self.booted(cx, &server, until).await,
            Ordered::Unknown => {}
        }
        let listed = self.listed_servers(until).await?;
        let is_it =
            |server: &&Server| server.metadata.get(SERVER_OP_KEY).is_some_and(|key| key == spec.op_key.as_str());
        match listed.iter().find(is_it) {
            Some(server) => self.booted(cx, server, until).await,
            None => self.make_server(spec, &listed, until).await,
        }
    }

    async fn booted(&self, cx: &Cx, server: &Server, until: Until) -> Result<Outcome<ports::Server>> {
        match self.up(cx, server, until).await? {
            Outcome::InProgress { poll_after } => Ok(Outcome::InProgress { poll_after }),
            Outcome::Done(()) | Outcome::AlreadyDone(()) => {
                let shown = self.shown_server(server, until).await?;
                self.reads.asked_servers.keep(server);
                Ok(Outcome::AlreadyDone(shown))
            }
        }
    }

    async fn make_server(&self, spec: &ServerSpec, listed: &[Server], until: Until) -> Result<Outcome<ports::Server>> {
        let flavor = self.flavor_named(&spec.flavor, until).await?;
        // that all was free a moment ago is enough to go on, since Nova looks, too; to refuse or to wait it is not
        let was_free = matches!(self.is_all_free(spec, listed, MOMENT, until).await, Ok(true));
        if !was_free && !self.is_all_free(spec, listed, NOW, until).await? {
            return Ok(in_progress(SERVERS));
        }
        let key_name = self.known_key(spec, until).await?;
        let call = nova::create(spec, &flavor.id, key_name.as_deref());
        // what cannot be read is found by its key
        if let Ok(made) = self.session.send(&call, until).await?.under::<ServerEntry>("server") {
            self.booting.note(&spec.op_key, made.id.into());
        }
        Ok(in_progress(BUILT))
    }

    /// Whether ports and volumes can be the server's; `false`: not yet.
    async fn is_all_free(&self, spec: &ServerSpec, listed: &[Server], age: Duration, until: Until) -> Result<bool> {
        let lists = async { futures::try_join!(self.volumes(age, until), self.ports(age, until)) };
        let (volumes, ports) = Box::pin(lists).await?;
        self.refuse_bound_ports(spec, &ports, listed)?;
        self.are_free(spec, &volumes, listed)
    }

    fn refuse_bound_ports(&self, spec: &ServerSpec, ports: &[Port], listed: &[Server]) -> Result<()> {
        for id in &spec.ports {
            let port = ports.iter().find(|port| port.id == id.as_str()).ok_or_else(|| {
                Error::not_found(format!("{} has no port '{id}'", self.whose()))
                    .remedy(format!("{} port list", self.command()))
            })?;
            if !port.device_id.is_empty() {
                let holder = named(listed, &port.device_id);
                let text = format!("port '{id}' of {} is bound to server '{holder}'", self.whose());
                return Err(Error::conflict(text));
            }
        }
        Ok(())
    }

    /// Whether the volumes can be attached; `false`: not yet.
    fn are_free(&self, spec: &ServerSpec, volumes: &[Volume], listed: &[Server]) -> Result<bool> {
        if spec.volumes.is_empty() {
            return Err(Error::invalid(format!("server '{}' has no volume to boot from", spec.name)));
        }
        let mut all_free = true;
        for (at, (_, id)) in spec.volumes.iter().enumerate() {
            let volume = volumes.iter().find(|volume| volume.id == id.as_str()).ok_or_else(|| self.no_volume(id))?;
            if let Some(server) = volume.server() {
                let holder = named(listed, server);
                let text = format!("volume '{id}' of {} is attached to server '{holder}'", self.whose());
                return Err(Error::conflict(text).remedy(format!("{} server show {server}", self.command())));
            }
            match volume.state() {
                VolumeState::Available if at == 0 && !volume.is_bootable() => return Err(self.not_bootable(spec, id)),
                VolumeState::Available => {}
                VolumeState::Creating => all_free = false,
                _ => {
                    let text = format!("volume '{id}' of {} is '{}', not available", self.whose(), volume.status);
                    return Err(Error::precondition(text).remedy(format!("{} volume show {id}", self.command())));
                }
            }
        }
        Ok(all_free)
    }

    fn not_bootable(&self, spec: &ServerSpec, id: &VolumeId) -> Error {
        Error::precondition(format!(
            "server '{}' would end in error: volume '{id}' of {} is not bootable",
            spec.name,
            self.whose()
        ))
        .remedy(format!("{} volume set --bootable {id}", self.command()))
    }

    /// The key pair, if this user has it. Key pairs belong to users, and the one of the other site may be another's.
    async fn known_key(&self, spec: &ServerSpec, until: Until) -> Result<Option<String>> {
        let Some(name) = &spec.key_name else { return Ok(None) };
        let pairs = self.reads.key_pairs.read(until, self.session.list(&nova::key_pairs(), "keypairs", until)).await?;
        Ok(pairs.iter().any(|pair| pair.name() == name).then(|| name.clone()))
    }

    /// Deletes a server, if nothing goes with it.
    pub(super) async fn remove_server(&self, id: &ServerId, until: Until) -> Result<Outcome<()>> {
        self.reads.asked_servers.forget(id);
        let Some(server) = self.watched_server(id, until).await? else { return Ok(Outcome::AlreadyDone(())) };
        if server.task_state.as_deref() == Some("deleting") {
            return Ok(in_progress(SERVERS));
        }
        let doomed = server.volumes_attached.iter().find(|volume| volume.delete_on_termination != Some(false));
        if let Some(doomed) = doomed {
            let text = format!(
                "volume '{}' would be deleted together with server '{}' of {}",
                doomed.id,
                server.name,
                self.whose()
            );
            return Err(Error::new(ErrorKind::DataSafety, text).remedy(format!(
                "{} server volume update --preserve-on-termination {id} {}",
                self.command(),
                doomed.id
            )));
        }
        if server.locked == Some(true) {
            let text = format!("server '{}' ({id}) of {} is locked", server.name, self.whose());
            return Err(Error::precondition(text).remedy(format!("{} server unlock {id}", self.command())));
        }
        let mut kept = Vec::new();
        let deleted = match self.keep_ports(id, &mut kept, until).await {
            Ok(()) => self.session.find(&nova::delete(id), until).await,
            Err(e) => Err(e),
        };
        match deleted {
            Ok(Some(_)) => Ok(in_progress(SERVERS)),
            // right before the end Nova shows a server without a task
            Ok(None) => Ok(Outcome::AlreadyDone(())),
            // one of its ports is gone, as the server may be by now
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(in_progress(SERVERS)),
            // it may be gone, with ports that are nobody's
            Err(e) if e.kind() == ErrorKind::Indeterminate => Err(e),
            Err(e) => Err(self.give_back(&kept, e, until).await),
        }
    }

    /// Nova deletes the ports that it made together with their server, addresses and all; those that are no longer the
    /// server's, it leaves alone. `kept` gets those that were taken from it.
    async fn keep_ports(&self, id: &ServerId, kept: &mut Vec<Port>, until: Until) -> Result<()> {
        let ports = self.ports(NOW, until).await?;
        for port in ports.iter().filter(|port| port.device_id == id.as_str()) {
            let released = self.session.send(&neutron::give_port(&port.id, "", ""), until).await;
            released
                .map_err(|e| e.context(format_args!("port '{}' would be deleted together with its server", port.id)))?;
            kept.push(port.clone());
        }
        Ok(())
    }

    /// After a server was not deleted: its ports are its again. Returns the error, with the ports that could not be given
    /// back.
    async fn give_back(&self, kept: &[Port], error: Error, until: Until) -> Error {
        let mut without = Vec::new();
        for port in kept {
            let given = neutron::give_port(&port.id, &port.device_id, &port.device_owner);
            if self.session.send(&given, until).await.is_err() {
                without.push(port);
            }
        }
        let Some(first) = without.first() else { return error };
        let ids: Vec<&str> = without.iter().map(|port| port.id.as_str()).collect();
        let (server, owner, command) = (&first.device_id, &first.device_owner, self.command());
        let remedy = format!(
            "{command} port set --device {server} --device-owner {owner} <each of these ports>; {}",
            error.remedy_text().unwrap_or("then repeat")
        );
        error.context(format_args!("server '{server}' is left without its ports {}", ids.join(", "))).remedy(remedy)
    }
}

/// Name of a server, if it is known, else its id.
fn named<'a>(listed: &'a [Server], id: &'a str) -> &'a str {
    listed.iter().find(|server| server.id == id).map_or(id, |server| &server.name)
}
