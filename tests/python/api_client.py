"""Requests to the API in this process, as Keystone's middleware passes them on."""

from __future__ import annotations

from typing import Any

import planted
from falcon import testing

from protector import Engine
from protector.api.app import bare_application
from protector.testing import MockDeployment

OWNER = "web"
STRANGER = "other"
GROUP = {
    "name": "prod-web",
    "replication_type": "async",
    "primary_site": "site-a",
    "secondary_site": "site-b",
    "volume_type": "replicated-ssd",
}


class Api:
    """A caller of one project with its roles."""

    def __init__(self, client: testing.TestClient, project: str, *roles: str) -> None:
        self._client = client
        self.project = project
        self._headers = {
            "X-Identity-Status": "Confirmed",
            "X-User-Id": f"user-of-{project}",
            "X-Roles": ",".join(roles),
        }
        if project:
            self._headers["X-Project-Id"] = project

    def call(self, method: str, path: str, body: Any = None, *, version: str | None = "1.3", **more: Any) -> Any:
        """The answer. ``{p}`` in the path stands for the groups of the own project; bytes are sent as they are."""
        versions = {} if version is None else {"OpenStack-API-Version": f"protector {version}"}
        headers = {**self._headers, **versions, **more.pop("headers", {})}
        path = path.replace("{p}", f"/v1/{self.project}/protection-groups")
        if isinstance(body, bytes):
            headers = {"Content-Type": "application/json", **headers}
            answer = self._client.simulate_request(method, path, body=body, headers=headers, **more)
        else:
            answer = self._client.simulate_request(method, path, json=body, headers=headers, **more)
        planted.saw(f"the answer to {method} {path}", f"{answer.headers} {answer.text}")
        return answer

    def get(self, path: str, **more: Any) -> Any:
        """The answer to a GET that must succeed, read as JSON."""
        answer = self.call("GET", path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json


class Stage:
    """One application, and callers."""

    def __init__(self, deployment: MockDeployment, engine: Engine | None = None) -> None:
        self.deployment = deployment
        self.engine = engine or deployment.engine()
        self._client = testing.TestClient(bare_application(deployment.settings, self.engine))
        self.owner = Api(self._client, OWNER, "member")
        self.stranger = Api(self._client, STRANGER, "member")
        self.without_project = Api(self._client, "", "member")
        self.admin = Api(self._client, "service", "admin")

    def protect(self) -> None:
        """The group ``prod-web`` of the project ``web``, with a policy and a member."""
        assert self.owner.call("POST", "{p}", {"protection_group": GROUP}).status_code == 201
        policy = {
            "replication_interval": 300,
            "rpo_minutes": 15,
            "primary_fa_api_token": planted.token("primary"),
            "secondary_fa_api_token": planted.token("secondary"),
        }
        assert self.owner.call("PUT", "{p}/prod-web/policy", {"policy": policy}).status_code == 200
        member = {"instance_id": self.deployment.server_id("web-server-1"), "tier": 1}
        assert self.owner.call("POST", "{p}/prod-web/members", {"member": member}).status_code == 201


def refusal(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that must be this one."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert error["request_id"] == answer.headers["x-openstack-request-id"]
    return error
