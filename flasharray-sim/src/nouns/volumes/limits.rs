//! Limits of traffic, as bodies state them.

use crate::refusal::Refusal;
use crate::sentences::volumes as sentences;
use protector_core::mock::Limits;
use serde::Deserialize;
use serde_json::Value;

/// 1 MB/s to 512 GB/s (FlashArray REST 2.37, schema `Qos`).
const BANDWIDTH: (u64, u64) = (1_048_576, 549_755_813_888);
/// 100 to 100 million (FlashArray REST 2.37, schema `Qos`).
const IOPS: (u64, u64) = (100, 100_000_000);

/// The fields `qos` and `priority_adjustment`.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct LimitsBody {
    #[serde(default)]
    qos: Option<Qos>,
    #[serde(default)]
    priority_adjustment: Option<Adjustment>,
}

/// Absent: unchanged; `""` or `null`: no limit.
#[derive(Debug, Clone, Default, Deserialize)]
struct Qos {
    #[serde(default, deserialize_with = "present")]
    bandwidth_limit: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    iops_limit: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
struct Adjustment {
    #[serde(default)]
    priority_adjustment_operator: Option<String>,
    #[serde(default)]
    priority_adjustment_value: Option<i64>,
}

/// Tells `null` from absent.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl LimitsBody {
    /// Whether the body says anything of limits.
    pub(crate) fn is_given(&self) -> bool {
        self.qos.is_some() || self.priority_adjustment.is_some()
    }

    /// `before` with what the body changes. `context`: the object.
    ///
    /// # Errors
    /// out of range → 400.
    pub(crate) fn apply(&self, context: &str, before: &Limits) -> Result<Limits, Refusal> {
        let mut limits = before.clone();
        if let Some(qos) = &self.qos {
            if let Some(value) = &qos.bandwidth_limit {
                limits.bandwidth = limit(context, "bandwidth_limit", value, BANDWIDTH)?;
            }
            if let Some(value) = &qos.iops_limit {
                limits.iops = limit(context, "iops_limit", value, IOPS)?;
            }
        }
        if let Some(adjustment) = &self.priority_adjustment {
            if let Some(operator) = &adjustment.priority_adjustment_operator {
                if !["+", "-", "="].contains(&operator.as_str()) {
                    let why = sentences::invalid_value("priority_adjustment_operator", operator);
                    return Err(Refusal::bad(context, why));
                }
                limits.priority_operator.clone_from(operator);
            }
            if let Some(value) = adjustment.priority_adjustment_value {
                if ![-10, 0, 10].contains(&value) {
                    let why = sentences::invalid_value("priority_adjustment_value", &value.to_string());
                    return Err(Refusal::bad(context, why));
                }
                limits.priority_value = value;
            }
        }
        Ok(limits)
    }
}

fn limit(context: &str, what: &str, value: &Value, (least, most): (u64, u64)) -> Result<Option<u64>, Refusal> {
    let number = match value {
        Value::Null => return Ok(None),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    match number {
        Some(number) if (least..=most).contains(&number) => Ok(Some(number)),
        _ => Err(Refusal::bad(context, sentences::out_of_range(what, least, most))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn limits_are_set_kept_and_lifted() {
        let none = Limits { bandwidth: None, iops: None, priority_operator: "+".to_owned(), priority_value: 0 };
        let apply =
            |body: Value, before: &Limits| serde_json::from_value::<LimitsBody>(body).unwrap().apply("v", before);
        let both = apply(json!({"qos": {"bandwidth_limit": 1_048_576, "iops_limit": "1000"}}), &none).unwrap();
        assert_eq!((both.bandwidth, both.iops), (Some(1_048_576), Some(1000)));
        assert_eq!(apply(json!({"qos": {"iops_limit": 2000}}), &both).unwrap().bandwidth, Some(1_048_576));
        assert_eq!(apply(json!({"qos": {"bandwidth_limit": ""}}), &both).unwrap().bandwidth, None);
        assert_eq!(apply(json!({"qos": {"bandwidth_limit": null}}), &both).unwrap().iops, Some(1000));
        let up = json!({"priority_adjustment": {"priority_adjustment_operator": "-", "priority_adjustment_value": 10}});
        assert_eq!(apply(up, &none).unwrap().priority_operator, "-");
        for wrong in [
            json!({"qos": {"iops_limit": 99}}),
            json!({"qos": {"bandwidth_limit": "fast"}}),
            json!({"qos": {"bandwidth_limit": -1}}),
            json!({"priority_adjustment": {"priority_adjustment_operator": "*"}}),
            json!({"priority_adjustment": {"priority_adjustment_value": 7}}),
        ] {
            assert_eq!(apply(wrong.clone(), &none).unwrap_err().errors[0].context.as_deref(), Some("v"), "{wrong}");
        }
    }
}
