//! What callers call: one engine is one site's view of the deployment. One file per resource.

mod requests;
mod views;

pub use requests::{GroupCreate, GroupUpdate, MemberAdd, PolicyChange, Request, SiteCreate};
pub use views::{
    ConsistencyGroupView, Event, GroupView, HealthView, InstanceView, MemberView, OperationView, PolicyView, SiteCheck,
    SiteValidation, StepView, SyncStatusView, VolumeTypeView, VolumeView,
};
