//! Hosts.

use super::choose::{Finder, each};
use super::names;
use super::show::{Shown, idle, named, space};
use crate::call::Call;
use crate::list::{Listed, Noun, list};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, HostRow, HostSettings};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) static HOST: Noun = Noun { title: "Host" };

/// FlashArray REST 2.37, `POST hosts`; an empty text takes the personality back.
const PERSONALITIES: [&str; 7] = ["aix", "esxi", "hitachi-vsp", "hpux", "oracle-vm-server", "solaris", "vms"];
/// How secrets are shown.
const HIDDEN: &str = "****";

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("hosts", 0, get),
        Route::post("hosts", 0, post),
        Route::patch("hosts", 0, patch),
        Route::delete("hosts", 0, delete),
        Route::get("hosts/space", 0, get_space),
        Route::get("hosts/performance", 0, get_performance),
    ]
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    name: Option<String>,
    iqns: Option<Vec<String>>,
    nqns: Option<Vec<String>>,
    wwns: Option<Vec<String>>,
    #[serde(default)]
    add_iqns: Vec<String>,
    #[serde(default)]
    add_nqns: Vec<String>,
    #[serde(default)]
    add_wwns: Vec<String>,
    #[serde(default)]
    remove_iqns: Vec<String>,
    #[serde(default)]
    remove_nqns: Vec<String>,
    #[serde(default)]
    remove_wwns: Vec<String>,
    personality: Option<String>,
    preferred_arrays: Option<Vec<Named>>,
    vlan: Option<String>,
    chap: Option<Chap>,
    host_group: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    name: Option<String>,
}

/// Passwords are accepted and not kept.
#[derive(Debug, Deserialize)]
struct Chap {
    host_user: Option<String>,
    target_user: Option<String>,
}

pub(super) fn finder<T>(array: &ArrayTx<'_>, find: impl FnOnce(&Finder<'_, HostRow>) -> T) -> T {
    find(&Finder { by_name: &|name| array.host(name), by_id: &|_| Ok(None) })
}

fn candidates(call: &Call<'_>) -> Result<Vec<Shown<HostRow>>, Refusal> {
    call.read(|array| Ok(Shown::all(array, finder(array, |finder| finder.candidates(call.query, || array.hosts()))?)))
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?, &HOST)
}

fn get_space(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Space).collect(), &HOST)
}

fn get_performance(call: &Call<'_>) -> Result<Reply, Refusal> {
    list(call, candidates(call)?.into_iter().map(Performance).collect(), &HOST)
}

fn items(call: &Call<'_>, array: &ArrayTx<'_>, names: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for name in names {
        items.extend(array.host(name)?.map(|row| Shown::new(array, row).item(call)));
    }
    Ok(items)
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let hosts = call.query.required("names")?;
    let body: Body = call.body.object()?;
    call.change(|array| {
        each(&hosts, |name| {
            names::check(HOST.title, name, name, false)?;
            if array.host(name)?.is_some() {
                return Err(Refusal::exists(HOST.title, name));
            }
            let settings = changed(array, name, &HostSettings::default(), &body)?;
            Ok(array.create_host(name, &settings)?)
        })?;
        Ok(Reply::items(call, items(call, array, &hosts)?))
    })
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    call.change(|array| {
        let hosts = finder(array, |finder| finder.named(call.query, HOST.title, "names", "ids"))?;
        if let (Some(name), true) = (&body.name, hosts.len() > 1) {
            return Err(Refusal::bad(name, sentences::ONE_NAME));
        }
        let names = each(&hosts, |host| change(array, host, &body))?;
        Ok(Reply::items(call, items(call, array, &names)?))
    })
}

/// Changes one host; its name afterwards.
fn change(array: &ArrayTx<'_>, host: &HostRow, body: &Body) -> Result<String, Refusal> {
    array.set_host(&host.id, &changed(array, &host.name, &host.settings, body)?)?;
    match body.host_group.as_ref().map(|group| group.name.as_deref().unwrap_or_default()) {
        None => {}
        Some("") => array.set_host_group(&host.id, None)?,
        Some(name) => join_group(array, host, name)?,
    }
    let Some(name) = &body.name else { return Ok(host.name.clone()) };
    names::check(HOST.title, name, name, false)?;
    if array.host(name)?.is_some_and(|taken| taken.id != host.id) {
        return Err(Refusal::exists(HOST.title, name));
    }
    array.rename_host(&host.id, name)?;
    Ok(name.clone())
}

/// Puts a host into a host group.
pub(super) fn join_group(array: &ArrayTx<'_>, host: &HostRow, group: &str) -> Result<(), Refusal> {
    let group = array.host_group(group)?.ok_or_else(|| Refusal::missing("Host group", group))?;
    if let Some(present) = &host.group {
        return Err(Refusal::bad(&host.name, sentences::host_belongs_to(&present.name)));
    }
    Ok(array.set_host_group(&host.id, Some(&group.id))?)
}

/// `before` with what the body says.
fn changed(array: &ArrayTx<'_>, name: &str, before: &HostSettings, body: &Body) -> Result<HostSettings, Refusal> {
    let mut after = before.clone();
    let lists = [
        (&mut after.iqns, &body.iqns, &body.add_iqns, &body.remove_iqns),
        (&mut after.nqns, &body.nqns, &body.add_nqns, &body.remove_nqns),
        (&mut after.wwns, &body.wwns, &body.add_wwns, &body.remove_wwns),
    ];
    for (list, all, added, removed) in lists {
        if let Some(all) = all {
            list.clone_from(all);
        }
        for initiator in added {
            if !list.contains(initiator) {
                list.push(initiator.clone());
            }
        }
        list.retain(|initiator| !removed.contains(initiator));
    }
    after.wwns = each(&after.wwns, |wwn| wwn_text(wwn))?;
    let initiators = after.iqns.iter().chain(&after.nqns).chain(&after.wwns);
    each(initiators, |initiator| match array.host_of_initiator(initiator)? {
        Some(other) if !other.eq_ignore_ascii_case(name) => Err(Refusal::bad(name, common::already_in_use(initiator))),
        _ => Ok(()),
    })?;
    if let Some(personality) = &body.personality {
        after.personality = Some(personality.clone()).filter(|text| !text.is_empty());
        if let Some(other) = after.personality.as_ref().filter(|text| !PERSONALITIES.contains(&text.as_str())) {
            return Err(Refusal::bad(name, sentences::invalid_value("personality", other)));
        }
    }
    if let Some(arrays) = &body.preferred_arrays {
        after.preferred_arrays = arrays.iter().filter_map(|array| array.name.clone()).collect();
    }
    if let Some(vlan) = &body.vlan {
        let number = vlan.parse().is_ok_and(|number: u16| (1..=4094).contains(&number));
        if !number && vlan != "any" && vlan != "untagged" {
            return Err(Refusal::bad(name, sentences::invalid_value("vlan", vlan)));
        }
        after.vlan = Some(vlan.clone()).filter(|vlan| vlan != "any");
    }
    if let Some(chap) = &body.chap {
        let users = [(&mut after.chap_host_user, &chap.host_user), (&mut after.chap_target_user, &chap.target_user)];
        for (user, given) in users {
            if let Some(given) = given {
                *user = Some(given.clone()).filter(|text| !text.is_empty());
            }
        }
    }
    Ok(after)
}

/// 16 hexadecimal digits in upper case, as arrays show a WWN; colons between them are left out.
fn wwn_text(wwn: &str) -> Result<String, Refusal> {
    let digits: String = wwn.chars().filter(|c| *c != ':').collect();
    if digits.len() == 16 && digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Ok(digits.to_ascii_uppercase());
    }
    Err(Refusal::bad("wwns", sentences::invalid_value("wwns", wwn)))
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        each(finder(array, |finder| finder.named(call.query, HOST.title, "names", "ids"))?, |host| {
            if host.connections > 0 {
                return Err(Refusal::bad(&host.name, common::HOST_HAS_CONNECTIONS));
            }
            Ok(array.delete_host(&host.id)?)
        })?;
        Ok(Reply::empty())
    })
}

impl Listed for Shown<HostRow> {
    fn name(&self) -> &str {
        &self.row.name
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let HostRow { settings, .. } = &self.row;
        let password = |user: &Option<String>| user.as_ref().map(|_| HIDDEN);
        let mut item = json!({
            "chap": {
                "host_password": password(&settings.chap_host_user),
                "host_user": settings.chap_host_user,
                "target_password": password(&settings.chap_target_user),
                "target_user": settings.chap_target_user,
            },
            "connection_count": self.row.connections,
            "host_group": named(self.row.group.as_ref().map(|group| group.name.as_str())),
            "iqns": settings.iqns,
            "is_local": true,
            "name": self.row.name,
            "nqns": settings.nqns,
            "personality": settings.personality,
            // nobody logs in to a simulated array
            "port_connectivity": {"details": "None", "status": "critical"},
            "preferred_arrays": settings.preferred_arrays.iter().map(|name| json!({"id": null, "name": name})).collect::<Vec<_>>(),
            "space": space(call, self.row.provisioned, self.row.written),
            "vlan": settings.vlan.as_deref().unwrap_or("any"),
            "wwns": settings.wwns,
        });
        if let (true, Some(fields)) = (call.at_least(36), item.as_object_mut()) {
            fields.insert("destroyed".to_owned(), false.into());
            fields.insert("time_remaining".to_owned(), Value::Null);
        }
        item
    }
}

/// A host as `hosts/space` shows it.
struct Space(Shown<HostRow>);

impl Listed for Space {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let row = &self.0.row;
        json!({"name": row.name, "space": space(call, row.provisioned, row.written), "time": self.0.now(call)})
    }
}

/// A host as `hosts/performance` shows it.
struct Performance(Shown<HostRow>);

impl Listed for Performance {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn item(&self, call: &Call<'_>) -> Value {
        idle(&self.0.row.name, None, self.0.now(call))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wwn_is_shown_as_arrays_show_it() {
        assert_eq!(wwn_text("21:00:f4:c7:aa:00:27:06").unwrap(), "2100F4C7AA002706");
        assert_eq!(wwn_text("2100F4C7AA002706").unwrap(), "2100F4C7AA002706");
        assert!(wwn_text("2100F4C7AA00270").is_err());
        assert!(wwn_text("2100F4C7AA00270G").is_err());
    }
}
