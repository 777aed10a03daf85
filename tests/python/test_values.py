"""The values: plain data that survives storage."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import json
import pickle

import pytest
from conftest import NETWORKS

from protector import Engine, Plan
from protector.values import BootCheck, Event, Mappings, Operation, ProtectionGroup, Site, Value


def all_values(engine: Engine) -> list:
    seen: list = []
    operation = engine.failover("prod-web", networks=NETWORKS, progress=seen.append)
    return [
        operation,
        *seen[:1],
        engine.operation_plan(operation.id),
        engine.plan_failback("prod-web"),
        engine.operation_report(operation.id),
        engine.protection_group_show("prod-web"),
        engine.policy_show("prod-web"),
        engine.consistency_group_show("prod-web"),
        engine.sync_status("prod-web"),
        engine.site_validate("site-a"),
        *engine.consistency_group_volumes("prod-web"),
        *engine.member_list("prod-web"),
        *engine.site_list(),
        *engine.site_list_volume_types("site-a"),
        *engine.health(),
        engine.sweep_rpo(),
    ]


def test_values_compare_hash_pickle_and_survive_json(protected: Engine) -> None:
    for value in all_values(protected):
        twins = [pickle.loads(pickle.dumps(value)), type(value).from_dict(json.loads(json.dumps(value.to_dict())))]
        for twin in twins:
            assert twin == value
            assert hash(twin) == hash(value)
        assert repr(value).startswith(f"{type(value).__name__}(")
        with pytest.raises(AttributeError):
            value.id = "other"


def test_fields_of_a_newer_engine_are_ignored(protected: Engine) -> None:
    group = protected.protection_group_show("prod-web")
    assert ProtectionGroup.from_dict(group.to_dict() | {"colour": "green"}) == group


def test_a_missing_field_is_an_error() -> None:
    with pytest.raises(TypeError, match="status"):
        Operation.from_dict({"id": "op-1"})


def test_values_are_made_by_hand_as_data_classes_are() -> None:
    check = BootCheck("tcp", 120, port=443)
    assert check == BootCheck.tcp(443)
    assert check != BootCheck.tcp(80)
    assert check != check.to_dict()
    assert repr(check) == (
        "BootCheck(kind='tcp', timeout_seconds=120, in_tests=False, port=443, program=None, arguments=())"
    )
    assert dataclasses.replace(check, port=80) == BootCheck.tcp(80)
    assert (Mappings({}, {}).security_groups, Mappings({}, {})) == ({}, Mappings({}, {}, {}))
    assert str(inspect.signature(Mappings)).endswith("security_groups: 'dict[str, str]' = {})")
    with pytest.raises(dataclasses.FrozenInstanceError):
        del check.port
    for arguments, named, said in [
        ((), {"kind": "tcp"}, r"BootCheck\(\) lacks timeout_seconds"),
        (("tcp", 120), {"kind": "tcp"}, "takes each of these once: kind, timeout_seconds, "),
        (("tcp", 120), {"colour": "green"}, "takes each of these once: kind, timeout_seconds, "),
        ((1, 2, 3, 4, 5, 6, 7), {}, "takes each of these once: kind, timeout_seconds, "),
    ]:
        with pytest.raises(TypeError, match=said):
            BootCheck(*arguments, **named)


def test_no_value_has_methods_that_importing_it_would_compile() -> None:
    kinds = [*Value.__subclasses__()]
    for kind in kinds:
        kinds += kind.__subclasses__()
        assert not {"__init__", "__eq__", "__hash__", "__repr__", "__setattr__"} & vars(kind).keys(), kind
    assert len(kinds) > 40


def test_times_are_aware_and_keep_microseconds() -> None:
    event = Event.from_json(
        '{"operation": "op-1", "step": null, "title": "t", "state": "done", "progress": 1,'
        ' "at": "2026-01-02T03:04:05.6789012Z"}'
    )
    assert event.to_dict()["at"] == "2026-01-02T03:04:05.678901Z"
    assert event.at.utcoffset() is not None


def test_a_plan_keeps_its_text(protected: Engine) -> None:
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    assert Plan.from_json(plan.json) == plan
    assert Plan.from_dict(plan.to_dict()).hash == plan.hash
    assert plan.acceptable
    assert plan.to_text().strip()
    assert protected.accept(Plan.from_json(plan.json)).plan_hash == plan.hash


def test_a_plan_that_was_just_made_shows_its_steps_whatever_is_asked_first(protected: Engine) -> None:
    def made() -> Plan:
        return protected.plan_failover("prod-web", networks=NETWORKS)

    kept = Plan.from_json(made().json)
    assert len(kept.steps) > 1
    assert made().steps == kept.steps
    assert tuple(made()) == kept.steps
    assert repr(made()) == repr(kept)
    for twin in (pickle.loads(pickle.dumps(made())), copy.deepcopy(made()), dataclasses.replace(made())):
        assert (twin, twin.json) == (kept, kept.json)
    with pytest.raises(AttributeError, match="'Plan' object has no attribute 'stepz'"):
        _ = made().stepz


def test_a_plan_says_how_long_it_takes_and_the_operation_how_long_it_took(protected: Engine) -> None:
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    assert plan.forecast is not None
    assert 0 < plan.forecast.p50_seconds <= plan.forecast.p95_seconds
    assert set(plan.forecast.critical_path) <= {step.id for step in plan.steps}
    assert plan.forecast.unmeasured_steps > 0
    assert "forecast: about " in plan.to_text()
    pending = protected.accept(plan)
    assert (pending.elapsed_seconds, pending.remaining_seconds) == (None, plan.forecast.p50_seconds)
    done = protected.run(pending.id)
    predicted = (done.predicted_p50_seconds, done.predicted_p95_seconds)
    assert predicted == (plan.forecast.p50_seconds, plan.forecast.p95_seconds)
    assert done.elapsed_seconds is not None
    assert done.remaining_seconds is None


def test_values_kept_before_there_were_forecasts_are_read(protected: Engine) -> None:
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    old = {name: value for name, value in plan.to_dict().items() if name != "forecast"}
    assert Plan.from_dict(old).forecast is None
    shown = protected.failover("prod-web", networks=NETWORKS).to_dict()
    old = {name: value for name, value in shown.items() if not name.endswith("_seconds")}
    assert Operation.from_dict(old).predicted_p50_seconds is None


def test_text_of_a_value_may_stand_in_white_space_and_holds_nothing_else() -> None:
    site = Site("1", "site-a", None, None, None, "active")
    text = json.dumps(site.to_dict())
    assert Site.from_json(text) == Site.from_json(f"\n {text} \n") == site
    assert Site.list_from_json(f"[{text}, {text}]") == [site, site]
    for broken in (f"{text}}}", text[:-1], "", "  "):
        with pytest.raises(ValueError, match="line 1 column"):
            Site.from_json(broken)
