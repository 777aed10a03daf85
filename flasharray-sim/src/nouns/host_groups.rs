//! Host groups, and which hosts are in them.

use super::choose::{Finder, each};
use super::hosts::{self, HOST, join_group};
use super::names;
use super::show::{Shown, named, space};
use crate::call::Call;
use crate::list::{Listed, Noun, list, list_known};
use crate::refusal::Refusal;
use crate::reply::Reply;
use crate::route::Route;
use crate::sentences as common;
use crate::sentences::volumes as sentences;
use protector_core::mock::{ArrayTx, HostGroupRow};
use serde::Deserialize;
use serde_json::{Value, json};

static GROUP: Noun = Noun { title: "Host group" };

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::get("host-groups", 0, get),
        Route::post("host-groups", 0, post),
        Route::patch("host-groups", 0, patch),
        Route::delete("host-groups", 0, delete),
    ];
    // the same relation under two names
    for path in ["host-groups/hosts", "hosts/host-groups"] {
        routes.push(Route::get(path, 0, get_members));
        routes.push(Route::post(path, 1, post_members));
        routes.push(Route::delete(path, 1, delete_members));
    }
    routes
}

#[derive(Debug, Default, Deserialize)]
struct Body {
    name: Option<String>,
}

fn finder<T>(array: &ArrayTx<'_>, find: impl FnOnce(&Finder<'_, HostGroupRow>) -> T) -> T {
    find(&Finder { by_name: &|name| array.host_group(name), by_id: &|_| Ok(None) })
}

fn get(call: &Call<'_>) -> Result<Reply, Refusal> {
    let rows = call.read(|array| {
        Ok(Shown::all(array, finder(array, |finder| finder.candidates(call.query, || array.host_groups()))?))
    })?;
    list(call, rows, &GROUP)
}

fn items(call: &Call<'_>, array: &ArrayTx<'_>, names: &[String]) -> Result<Vec<Value>, Refusal> {
    let mut items = Vec::new();
    for name in names {
        items.extend(array.host_group(name)?.map(|row| Shown::new(array, row).item(call)));
    }
    Ok(items)
}

fn post(call: &Call<'_>) -> Result<Reply, Refusal> {
    let groups = call.query.required("names")?;
    call.change(|array| {
        each(&groups, |name| {
            names::check(GROUP.title, name, name, false)?;
            if array.host_group(name)?.is_some() {
                return Err(Refusal::exists(GROUP.title, name));
            }
            Ok(array.create_host_group(name)?)
        })?;
        Ok(Reply::items(call, items(call, array, &groups)?))
    })
}

fn patch(call: &Call<'_>) -> Result<Reply, Refusal> {
    let body: Body = call.body.object()?;
    call.change(|array| {
        let groups = finder(array, |finder| finder.named(call.query, GROUP.title, "names", "ids"))?;
        let (Some(name), [group]) = (&body.name, groups.as_slice()) else {
            let why = if body.name.is_some() { sentences::ONE_NAME } else { common::NO_ATTRIBUTE };
            return Err(Refusal::bad("names", why));
        };
        names::check(GROUP.title, name, name, false)?;
        if array.host_group(name)?.is_some_and(|taken| taken.id != group.id) {
            return Err(Refusal::exists(GROUP.title, name));
        }
        array.rename_host_group(&group.id, name)?;
        Ok(Reply::items(call, items(call, array, std::slice::from_ref(name))?))
    })
}

fn delete(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.change(|array| {
        each(finder(array, |finder| finder.named(call.query, GROUP.title, "names", "ids"))?, |group| {
            if group.connections > 0 {
                return Err(Refusal::bad(&group.name, sentences::HOST_GROUP_HAS_CONNECTIONS));
            }
            if group.hosts > 0 {
                return Err(Refusal::bad(&group.name, sentences::HOST_GROUP_NOT_EMPTY));
            }
            Ok(array.delete_host_group(&group.id)?)
        })?;
        Ok(Reply::empty())
    })
}

/// `GET host-groups/hosts`: which host is in which group.
fn get_members(call: &Call<'_>) -> Result<Reply, Refusal> {
    let given = |name| call.query.list(name).filter(|list: &Vec<String>| !list.is_empty());
    let (groups, members) = (given("group_names"), given("member_names"));
    let rows = call.read(|array| {
        for group in groups.iter().flatten() {
            array.host_group(group)?.ok_or_else(|| Refusal::missing(GROUP.title, group))?;
        }
        for host in members.iter().flatten() {
            array.host(host)?.ok_or_else(|| Refusal::missing(HOST.title, host))?;
        }
        Ok(array.hosts()?)
    })?;
    let chosen =
        |list: &Option<Vec<String>>, name: &str| list.as_ref().is_none_or(|list| list.iter().any(|one| one == name));
    let rows: Vec<Member> = rows
        .into_iter()
        .filter_map(|host| host.group.map(|group| Member { host: host.name, group: group.name }))
        .filter(|member| chosen(&groups, &member.group) && chosen(&members, &member.host))
        .collect();
    list_known(call, rows, &HOST, |_| true)
}

fn post_members(call: &Call<'_>) -> Result<Reply, Refusal> {
    change_members(call, join_group)
}

fn delete_members(call: &Call<'_>) -> Result<Reply, Refusal> {
    change_members(call, |array, host, group| {
        if host.group.as_ref().is_none_or(|present| !present.name.eq_ignore_ascii_case(group)) {
            return Err(Refusal::bad(&host.name, sentences::not_in_group(&host.name, group)));
        }
        Ok(array.set_host_group(&host.id, None)?)
    })?;
    Ok(Reply::empty())
}

fn change_members(
    call: &Call<'_>,
    change: impl Fn(&ArrayTx<'_>, &protector_core::mock::HostRow, &str) -> Result<(), Refusal>,
) -> Result<Reply, Refusal> {
    let groups = call.query.required("group_names")?;
    let [group] = groups.as_slice() else {
        return Err(Refusal::bad("group_names", common::invalid_parameter("group_names", &groups.join(","))));
    };
    call.change(|array| {
        array.host_group(group)?.ok_or_else(|| Refusal::missing(GROUP.title, group))?;
        let members =
            hosts::finder(array, |finder| finder.named(call.query, HOST.title, "member_names", "member_ids"))?;
        let items = each(&members, |host| {
            change(array, host, group)?;
            Ok(Member { host: host.name.clone(), group: group.clone() }.item(call))
        })?;
        Ok(Reply::items(call, items))
    })
}

impl Listed for Shown<HostGroupRow> {
    fn name(&self) -> &str {
        &self.row.name
    }

    fn item(&self, call: &Call<'_>) -> Value {
        let row = &self.row;
        let mut item = json!({
            "connection_count": row.connections,
            "host_count": row.hosts,
            "is_local": true,
            "name": row.name,
            "space": space(call, row.provisioned, row.written),
        });
        if let (true, Some(fields)) = (call.at_least(36), item.as_object_mut()) {
            fields.insert("destroyed".to_owned(), false.into());
            fields.insert("time_remaining".to_owned(), Value::Null);
        }
        item
    }
}

/// A host in a host group; a host is in one at most.
struct Member {
    host: String,
    group: String,
}

impl Listed for Member {
    fn name(&self) -> &str {
        &self.host
    }

    fn item(&self, _call: &Call<'_>) -> Value {
        json!({"group": named(Some(&self.group)), "member": named(Some(&self.host))})
    }
}
