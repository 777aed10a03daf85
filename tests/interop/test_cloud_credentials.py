"""How the adapter becomes known to Keystone, and remains so."""

from __future__ import annotations

from typing import Any

import pytest
from adapter import Refused
from cloud import MEMBER_PASSWORD, PASSWORD, Cloud
from conftest import Connect
from proxy import Proxy


def application_credential(cloud: Cloud, name: str) -> dict[str, Any]:
    """Made by the user itself, for the project of its token."""
    user = cloud.identity("GET", "users?name=admin")["users"][0]["id"]
    body = {"application_credential": {"name": name, "roles": [{"name": "admin"}]}}
    made: dict[str, Any] = cloud.identity("POST", f"users/{user}/application_credentials", body)
    return made["application_credential"]


def test_an_application_credential_serves_until_it_is_deleted(cloud: Cloud, connect: Connect) -> None:
    made = application_credential(cloud, "protector")
    auth = {"application_credential_id": made["id"], "application_credential_secret": made["secret"]}
    cloud.keep_secret(made["secret"])
    entry = {"auth_type": "v3applicationcredential", "auth": {"auth_url": cloud.keystone, **auth}}
    cloud.add_cloud("credential", entry)
    adapter = connect("credential")
    assert adapter.ask("ping")["name"] == "credential"
    assert "replicated" in {each["name"] for each in adapter.ask("volume_types")}
    user = cloud.identity("GET", "users?name=admin")["users"][0]["id"]
    cloud.identity("DELETE", f"users/{user}/application_credentials/{made['id']}")
    cloud.let_tokens_be_asked_for()
    for each in (adapter, connect("credential")):
        with pytest.raises(Refused, match="application credential") as refused:
            each.ask_anew("volume_types")
        assert refused.value.kind == "unauthenticated"


def test_a_token_that_was_revoked_is_renewed(cloud: Cloud, connect: Connect, line: Proxy) -> None:
    entry = cloud.password_auth("admin", PASSWORD, "admin")
    cloud.add_cloud("renewed", {**entry, "block_storage_endpoint_override": line.url})
    adapter = connect("renewed")
    types = adapter.ask("volume_types")
    first = line.tokens[-1]
    cloud.keep_secret(first)
    line.heal()
    cloud.revoke(first)
    assert adapter.ask_anew("volume_types") == types
    assert line.tokens[0] == first
    assert line.tokens[-1] not in ("", first)
    cloud.keep_secret(line.tokens[-1])
    assert line.count("GET") <= 5, line.seen  # three pages at most, and the one that was refused


def test_a_token_in_clouds_yaml_serves_and_is_not_renewed(cloud: Cloud, connect: Connect, line: Proxy) -> None:
    token = cloud.token_of("demo", MEMBER_PASSWORD, "demo")
    auth = {"auth_url": cloud.keystone, "token": token, "project_name": "demo", "project_domain_name": "Default"}
    cloud.add_cloud("token", {"auth_type": "v3token", "auth": auth, "block_storage_endpoint_override": line.url})
    adapter = connect("token")
    assert adapter.ask("volume_types")
    used = line.tokens[-1]
    for each in {token, used}:
        cloud.revoke(each)
    cloud.keep_secret(used)
    with pytest.raises(Refused, match="cannot be renewed") as refused:
        adapter.ask("volume_types")
    assert refused.value.kind == "unauthenticated"


def test_a_wrong_password_is_no_other_error(cloud: Cloud, connect: Connect) -> None:
    wrong = "planted-wrong-password"
    cloud.keep_secret(wrong)
    cloud.add_cloud("wrong", cloud.password_auth("admin", wrong, "admin"))
    with pytest.raises(Refused, match="Keystone") as refused:
        connect("wrong").ask("ping")
    assert refused.value.kind == "unauthenticated"
    assert wrong not in str(refused.value)
