//! Listing every volume snapshot of a group, all of its recovery points.

use crate::contender::{Order, cpu_seconds, peak_kib, ready, report};
use protector_core::Result;
use protector_core::ports::StorageDriver;
use serde_json::json;
use std::{path::Path, time::Instant};

pub(crate) async fn measure(order: &Path) -> Result<()> {
    let order = Order::read(order)?;
    let driver = order.driver()?;
    driver.info().await?;
    ready()?;
    let (begun, cpu_before) = (Instant::now(), cpu_seconds()?);
    let points = if order.list { driver.recovery_points(&order.group).await?.value } else { Vec::new() };
    let (seconds, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds()? - cpu_before);
    let items: usize = points.iter().map(|point| point.volumes.len()).sum();
    report(&json!({"seconds": seconds, "cpu_seconds": cpu, "items": items, "peak_kib": peak_kib()?}))?;
    driver.client().close().await;
    Ok(())
}
