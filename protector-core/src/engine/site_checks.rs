//! Whether a site is fit for protection: who reaches what, as whom, in which version, with how much room.
//!
//! One row is one answer to one question, from one end to another. What could not be asked because something before it
//! failed, or because the other site did not answer, is `unknown`; it counts against the end that did not answer.

use super::{Engine, SiteCheck, SiteValidation};
use crate::model::{ReplicationType, SiteName, VolumeType};
use crate::ports::{ArrayInfo, CloudInfo, PeerArray, Quota, ReplicationLink};
use crate::rules::eligibility::check_volume_type;
use crate::rules::match_volume_type;
use crate::rules::rpo::CLOCK_TOLERANCE_SECONDS;
use crate::{Error, ErrorKind, Result};
use jiff::Timestamp;
use std::future::Future;
use std::time::Duration;

/// How long one question waits for its answer: a site that is lost must not hold up what is said about the other one.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a question waits that is about this site and needs the other one.
const OTHER_PATIENCE: Duration = Duration::from_secs(10);

/// The end that asks, for what this process reaches by itself.
const HERE: &str = "here";

/// Rows from one end to another.
struct Rows<'a> {
    from: String,
    to: &'a SiteName,
    service: &'static str,
    rows: Vec<SiteCheck>,
}

impl<'a> Rows<'a> {
    fn new(from: impl Into<String>, to: &'a SiteName, service: &'static str) -> Self {
        Self { from: from.into(), to, service, rows: Vec::new() }
    }

    fn add(&mut self, check: &str, result: Result<String>) {
        let (result, detail, remedy) = match result {
            Ok(detail) => ("ok", detail, None),
            Err(e) => ("failed", e.message().to_owned(), e.remedy_text().map(str::to_owned)),
        };
        self.push(check, result, detail, remedy);
    }

    fn unknown(&mut self, check: &str, why: &str) {
        self.push(check, "unknown", why.to_owned(), None);
    }

    fn push(&mut self, check: &str, result: &str, detail: String, remedy: Option<String>) {
        self.rows.push(SiteCheck {
            from_site: self.from.clone(),
            to_site: self.to.to_string(),
            service: self.service.to_owned(),
            check: check.to_owned(),
            result: result.to_owned(),
            detail,
            remedy,
        });
    }

    /// Reachability and credentials of an endpoint, out of its first answer. One that rejects the credentials was reached.
    fn answered<T>(&mut self, who: &str, mend: &str, answer: Result<T>) -> Option<T> {
        match answer {
            Ok(value) => {
                self.add("reachable", Ok(format!("{who} answers")));
                self.add("credentials", Ok("accepted".to_owned()));
                Some(value)
            }
            Err(e) if matches!(e.kind(), ErrorKind::Unauthenticated | ErrorKind::Forbidden) => {
                self.add("reachable", Ok(format!("{who} answers")));
                self.add("credentials", Err(with_remedy(e, mend)));
                None
            }
            Err(e) => {
                self.add("reachable", Err(with_remedy(e, mend)));
                self.unknown("credentials", "it does not answer");
                None
            }
        }
    }
}

/// The error's own remedy, else this one.
fn with_remedy(e: Error, mend: &str) -> Error {
    if e.remedy_text().is_some() { e } else { e.remedy(mend) }
}

/// The answer, or that there was none in time.
async fn asked<T>(patience: Duration, question: impl Future<Output = Result<T>>) -> Result<T> {
    // boxed: the futures of whole calls are large
    tokio::time::timeout(patience, Box::pin(question)).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Unreachable, format!("no answer within {} s", patience.as_secs())))
    })
}

impl Engine {
    /// Checks what this process reaches of a site, and what the site reaches of the other one: cloud and array with
    /// credentials, clocks, quota, volume types on both sites, the link of the arrays, the metadata. What fails is in the
    /// result, with what to do about it.
    ///
    /// # Errors
    /// not registered → `NotFound`.
    pub async fn site_validate(&self, name: &str) -> Result<SiteValidation> {
        let site = self.registered(name).await?.name;
        let other = self.0.endpoints.clouds.keys().find(|other| **other != site);
        let (cloud, array) = tokio::join!(Box::pin(self.cloud_rows(&site)), Box::pin(self.array_rows(&site)));
        let mut checks = cloud;
        checks.extend(array);
        if let Some(other) = other {
            let (types, link, metadata) = tokio::join!(
                Box::pin(self.type_rows(&site, other)),
                Box::pin(self.link_rows(&site, other)),
                Box::pin(self.metadata_rows(&site))
            );
            checks.extend(types.into_iter().chain(link).chain(metadata));
        }
        Ok(SiteValidation { valid: checks.iter().all(|c| c.result != "failed"), site, checks })
    }

    async fn cloud_rows(&self, site: &SiteName) -> Vec<SiteCheck> {
        let mut rows = Rows::new(HERE, site, "cloud");
        let (who, mend) = (
            format!("cloud of {site}"),
            format!("check [site:{site}] cloud and clouds.yaml: openstack --os-cloud {site} token issue"),
        );
        let answer = asked(PATIENCE, async { self.0.endpoints.cloud(site)?.ping().await }).await;
        let Some(info) = rows.answered(&who, &mend, answer) else {
            for check in ["clock", "quota", "volume types"] {
                rows.unknown(check, "it was not asked");
            }
            return rows.rows;
        };
        let CloudInfo { endpoint_time, .. } = info;
        rows.add("clock", clock(self.0.endpoints.clock.now(), endpoint_time, &who));
        rows.add(
            "quota",
            asked(PATIENCE, async { self.0.endpoints.cloud(site)?.quota().await }).await.and_then(|q| quota(site, q)),
        );
        let types = asked(PATIENCE, async { self.0.endpoints.cloud(site)?.volume_types().await }).await;
        rows.add("volume types", types.and_then(|types| eligible(site, &types)));
        rows.rows
    }

    async fn array_rows(&self, site: &SiteName) -> Vec<SiteCheck> {
        let mut rows = Rows::new(HERE, site, "array");
        let (who, mend) =
            (format!("array of {site}"), "check its address and its token in [storage]: protector-manage config check");
        let answer = asked(PATIENCE, async { self.0.endpoints.array(site)?.info().await }).await;
        let Some(ArrayInfo { name, version, endpoint_time, .. }) = rows.answered(&who, mend, answer) else {
            for check in ["version", "clock"] {
                rows.unknown(check, "it was not asked");
            }
            return rows.rows;
        };
        let driver = self.0.endpoints.array(site).map(|array| array.driver_name());
        rows.add("version", driver.map(|driver| format!("{name} ({driver}, {version})")));
        rows.add("clock", clock(self.0.endpoints.clock.now(), endpoint_time, &who));
        rows.rows
    }

    /// For each kind of replication that a type of this site is enabled for: the type of the other site that stands for it.
    async fn type_rows(&self, site: &SiteName, other: &SiteName) -> Vec<SiteCheck> {
        let mut rows = Rows::new(site.to_string(), other, "volume types");
        let types = |of: &SiteName| {
            let of = of.clone();
            async move { self.0.endpoints.cloud(&of)?.volume_types().await }
        };
        let (here, there) = tokio::join!(asked(PATIENCE, types(site)), asked(OTHER_PATIENCE, types(other)));
        let (here, there) = match (here, there) {
            (Ok(here), Ok(there)) => (here, there),
            (Err(_), _) => {
                rows.unknown("counterparts", &format!("the cloud of {site} does not tell"));
                return rows.rows;
            }
            (_, Err(e)) => {
                rows.unknown("counterparts", &format!("the cloud of {other} does not tell: {}", e.message()));
                return rows.rows;
            }
        };
        for kind in [ReplicationType::Async, ReplicationType::Sync] {
            for of_kind in here.iter().filter(|t| check_volume_type(site, t, kind).is_empty()) {
                let found = match_volume_type(other, &of_kind.name, &there, kind);
                let detail = found.map(|found| format!("'{}' there stands for '{}'", found.name, of_kind.name));
                rows.add(&format!("counterpart of '{}'", of_kind.name), detail);
            }
        }
        rows.rows
    }

    async fn link_rows(&self, site: &SiteName, other: &SiteName) -> Vec<SiteCheck> {
        let mut rows = Rows::new(site.to_string(), other, "array link");
        let answer = asked(PATIENCE, async {
            let array = self.0.endpoints.array(site)?;
            tokio::try_join!(array.info(), array.peers())
        });
        let Ok((here, peers)) = answer.await else {
            rows.unknown("connected", &format!("the array of {site} does not tell"));
            return rows.rows;
        };
        let there = asked(OTHER_PATIENCE, async { self.0.endpoints.array(other)?.info().await }).await;
        match (connected((site, &here), (other, there.as_ref().ok()), &peers), there) {
            // a link ends at the array that is lost: that it is down says nothing of this site
            (Err(e), Err(_)) => {
                rows.unknown("connected", &format!("the array of {other} does not answer; here: {}", e.message()));
            }
            (found, _) => rows.add("connected", found),
        }
        rows.rows
    }

    /// The metadata of the two sites meet in the peer; only the site that one works from has one here.
    async fn metadata_rows(&self, site: &SiteName) -> Vec<SiteCheck> {
        let peer = &self.0.endpoints.peer;
        let mut rows = Rows::new(self.0.site.to_string(), peer.site(), "metadata");
        match asked(OTHER_PATIENCE, peer.ping()).await {
            Ok(()) => rows.add("reachable", Ok(format!("{} answers", peer.site()))),
            Err(e) if peer.site() == site => {
                let mend = format!("restore it; then: openstack protector site validate {site}");
                rows.add("reachable", Err(with_remedy(e, &mend)));
            }
            // counts against the other site, not against this one
            Err(e) => rows.unknown("reachable", e.message()),
        }
        rows.rows
    }
}

/// Ages of recovery points are judged by these clocks.
fn clock(ours: Timestamp, theirs: Timestamp, who: &str) -> Result<String> {
    let ahead = theirs.duration_since(ours).as_secs();
    let skew = match ahead {
        0 => "as ours".to_owned(),
        1.. => format!("{ahead} s ahead of ours"),
        _ => format!("{} s behind ours", ahead.unsigned_abs()),
    };
    if ahead.abs() <= CLOCK_TOLERANCE_SECONDS {
        return Ok(skew);
    }
    Err(Error::precondition(format!("the clock of the {who} is {skew}; ages of recovery points would be wrong"))
        .remedy("let both be set by NTP: chronyc tracking"))
}

/// Nothing can be moved to a project that has used up one of these.
fn quota(site: &SiteName, quota: Quota) -> Result<String> {
    let left = [
        ("servers", "instances", quota.servers),
        ("vcpus", "cores", quota.vcpus),
        ("MiB of memory", "ram", quota.ram_mib),
        ("volumes", "volumes", quota.volumes),
        ("GiB of volumes", "gigabytes", quota.volume_gib),
    ];
    let used_up: Vec<_> = left.iter().filter(|(.., left)| *left == Some(0)).collect();
    if used_up.is_empty() {
        let words =
            left.map(|(name, _, left)| left.map_or_else(|| format!("{name} unlimited"), |n| format!("{n} {name}")));
        return Ok(format!("left: {}", words.join(", ")));
    }
    let names: Vec<&str> = used_up.iter().map(|(name, ..)| *name).collect();
    let options: Vec<String> = used_up.iter().map(|(_, option, _)| format!("--{option} <more>")).collect();
    Err(Error::precondition(format!("the project on {site} has no {} left", names.join(", no ")))
        .remedy(format!("openstack --os-cloud {site} quota set {} <project>", options.join(" "))))
}

fn eligible(site: &SiteName, types: &[VolumeType]) -> Result<String> {
    let kinds = [ReplicationType::Async, ReplicationType::Sync];
    let fits = |t: &&VolumeType| kinds.into_iter().any(|kind| check_volume_type(site, t, kind).is_empty());
    let names: Vec<&str> = types.iter().filter(fits).map(|t| t.name.as_str()).collect();
    if names.is_empty() {
        return Err(Error::precondition(format!("no volume type of {site} is enabled for replication")).remedy(format!(
            "openstack --os-cloud {site} volume type set <type> --property replication_enabled='<is> True' --property replication_type='<in> async'"
        )));
    }
    Ok(format!("{} can be protected", names.join(", ")))
}

/// The array must be connected to that of the other site. One that does not answer counts against its own site only; then
/// any connection will do.
fn connected(
    (site, here): (&SiteName, &ArrayInfo),
    (other, there): (&SiteName, Option<&ArrayInfo>),
    peers: &[PeerArray],
) -> Result<String> {
    let connected: Vec<&PeerArray> = peers.iter().filter(|p| p.link == ReplicationLink::Connected).collect();
    let names = connected.iter().map(|p| p.name.to_string()).collect::<Vec<_>>().join(", ");
    let mend = format!(
        "connect the arrays for replication: purearray connect; then: openstack protector site validate {site}"
    );
    if connected.is_empty() {
        let all = peers.iter().map(|p| format!("{} is {:?}", p.name, p.link)).collect::<Vec<_>>().join(", ");
        return Err(Error::precondition(format!("no connected array ({all})")).remedy(mend));
    }
    match there {
        Some(there) if there.id == here.id => {
            Err(Error::configuration(format!("'{}' is the array of {site} and of {other}", here.name))
                .remedy("name the two arrays that replicate to each other in [storage]"))
        }
        Some(there) if !connected.iter().any(|peer| peer.id == there.id) => {
            let message = format!("not connected to '{}' of {other}, but to {names}", there.name);
            Err(Error::precondition(message).remedy(mend))
        }
        _ => Ok(format!("connected to {names}")),
    }
}

#[cfg(test)]
mod tests;
