//! An array keeps its id, not its name: what a plan calls by the name of an array may be called otherwise by now. Past the
//! pivot that must not stop an operation for good.

use super::super::run::Run;
use crate::Result;
use crate::model::{ArrayGroupName, ArrayName, SiteName};
use crate::ports::Cx;
use crate::rules::naming::{self, GroupScope};

/// How the array of `site` calls now what it called `image` when the plan was made.
pub(super) async fn image_now(run: &Run, cx: &Cx, site: &SiteName, image: &ArrayGroupName) -> Result<ArrayGroupName> {
    let parts = naming::parse_group_name(image)?;
    let GroupScope::Replica(source) = parts.scope else { return Ok(image.clone()) };
    let source = other_array(run, cx, site, &source.as_str().into()).await?;
    Ok(naming::target_group_name(&source, &parts.group.as_str().into()))
}

/// What the array is called now, seen from that of `site`, that was called `planned` when the plan was made.
pub(super) async fn other_array(run: &Run, cx: &Cx, site: &SiteName, planned: &ArrayName) -> Result<ArrayName> {
    let array = run.endpoints.array(site)?;
    let peers = run.observe(cx, || array.peers()).await?;
    if peers.iter().any(|peer| peer.name == *planned) {
        return Ok(planned.clone());
    }
    if let [only] = peers.as_slice() {
        return Ok(only.name.clone());
    }
    let other = if *site == run.plan.source { &run.plan.target } else { &run.plan.source };
    let other = run.endpoints.array(other)?;
    Ok(run.observe(cx, || other.info()).await?.name)
}
