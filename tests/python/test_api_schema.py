"""The OpenAPI document is valid, and what is served keeps to it, also for requests that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)
from services import LOOPBACK, Client, configure, running

from protector.api import openapi
from protector.api.app import default_rules
from protector.api.calls import CALLS, FURTHER_RULES, Call
from protector.testing import mock_deployment

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    unsupported_method,
]


def test_document_is_valid() -> None:
    document = json.loads(json.dumps(openapi.document()))
    OpenAPIV31SpecValidator(document).validate()
    served = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert served == {("/", "get")} | {(call.path, call.method.lower()) for call in CALLS}


def test_each_call_has_a_rule_and_a_sentence() -> None:
    names = [call.rule for call in CALLS]
    assert len(set(names)) == len(names)
    assert {"protector:operations:index", "protector:operations:show"} <= {rule.name for rule in default_rules()}
    assert all(call.summary for call in CALLS)


def test_the_sample_of_rules_says_what_each_is_for() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert f'\nprotector = "{default_rules.__module__}:{default_rules.__name__}"\n' in project
    sample = {rule.name: rule for rule in default_rules()}
    assert sample.keys() == {call.rule for call in CALLS} | FURTHER_RULES.keys()
    assert all(rule.description for rule in sample.values())
    for call in CALLS:
        assert sample[call.rule].operations == [{"path": call.path, "method": call.method}]
    admins = {name for name, rule in sample.items() if rule.check_str == "rule:admin"}
    assert {
        "protector:metrics:show",
        "protector:policies:drift",
        "protector:sites:action",
    } | FURTHER_RULES.keys() <= admins


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The document of a server with a group that has done something."""
    with (
        mock_deployment(tmp_path_factory.mktemp("schema")) as deployment,
        running("protector-api", configure(deployment, "site-a", "api", LOOPBACK)) as service,
    ):
        client = Client(service)
        client.protect(deployment)
        engine = deployment.engine()
        assert engine.sync("prod-web").completed
        known = {
            "project_id": [client.project],
            "protection_group": ["prod-web", engine.protection_group_show("prod-web").id],
            "member": ["web-server-1"],
            "operation": [engine.operation_list()[0].id],
            "site": ["site-a", "site-b"],
        }
        document = client.call("GET", "/openapi.json", None, 200)
        assert document == json.loads(json.dumps(openapi.document()))
        del document["security"]  # this server asks nobody for a token
        schema = schemathesis.openapi.from_dict(document)
        schema.config.update(base_url=client.url)

        @schema.hook("map_path_parameters")
        def existing(_context: Any, parameters: dict[str, Any] | None) -> dict[str, Any] | None:
            # what is not there is refused before anything else is looked at
            for name, names in known.items():
                if parameters and isinstance(parameters.get(name), str):
                    parameters[name] = names[len(parameters[name]) % len(names)]
            return parameters

        yield schema
        assert service.process.poll() is None
        assert "ended at a defect" not in service.log


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: mode.value)
def test_what_is_served_keeps_to_the_document(served: Any, call: Call, mode: GenerationMode) -> None:
    # not by the plugin of schemathesis, which reaches into pytest
    @hypothesis.given(case=served[call.path][call.method].as_strategy(generation_mode=mode))
    @hypothesis.settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    def check(case: schemathesis.Case) -> None:
        case.call_and_validate(checks=CHECKS)

    check()
