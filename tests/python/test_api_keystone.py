"""The API behind Keystone's middleware, which asks a Keystone on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import planted
import pytest
import requests
from services import Service, configure, running

from protector.testing import MockDeployment

OF_WEB, OF_OTHER, OF_ADMIN, OF_THE_SERVICE = (planted.token(name) for name in ("web", "other", "admin", "the-service"))
#: Tokens that this Keystone knows: the project and the roles behind each.
TOKENS = {
    OF_WEB: ("web", ["member"]),
    OF_OTHER: ("other", ["member"]),
    OF_ADMIN: ("service", ["admin"]),
}
PASSWORD = planted.token("service-password")


class _Keystone(BaseHTTPRequestHandler):
    """As much of Identity v3 as the middleware asks for."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") in ("", "/v3"):
            host = f"http://{self.headers['Host']}/v3/"
            version = {"id": "v3.14", "status": "stable", "links": [{"rel": "self", "href": host}]}
            return self._answer(200, {"version": version} if "v3" in self.path else {"versions": {"values": [version]}})
        known = TOKENS.get(self.headers.get("X-Subject-Token", ""))
        if self.headers.get("X-Auth-Token") != OF_THE_SERVICE or known is None:
            return self._answer(404, {"error": {"code": 404, "message": "no such token", "title": "Not Found"}})
        return self._answer(200, self._token(*known))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        right = body["auth"]["identity"]["password"]["user"]["password"] == PASSWORD
        if not right:
            return self._answer(401, {"error": {"code": 401, "message": "wrong", "title": "Unauthorized"}})
        return self._answer(201, self._token("service", ["service"]), {"X-Subject-Token": OF_THE_SERVICE})

    def _token(self, project: str, roles: list[str]) -> dict[str, Any]:
        domain = {"id": "default", "name": "Default"}
        endpoint = {
            "id": "1",
            "interface": "admin",
            "region": "r",
            "region_id": "r",
            "url": f"http://{self.headers['Host']}/v3",
        }
        interfaces = [{**endpoint, "interface": interface} for interface in ("admin", "internal", "public")]
        token = {
            "methods": ["password"],
            "user": {"id": f"user-{project}", "name": "u", "domain": domain},
            "project": {"id": project, "name": project, "domain": domain},
            "roles": [{"id": role, "name": role} for role in roles],
            "issued_at": "2026-01-01T00:00:00.000000Z",
            "expires_at": "2099-01-01T00:00:00.000000Z",
            "catalog": [{"type": "identity", "name": "keystone", "id": "k", "endpoints": interfaces}],
        }
        return {"token": token}

    def _answer(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def keystone() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Keystone)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def service(deployment: MockDeployment, keystone: str) -> Iterator[Service]:
    options = f"""
[DEFAULT]
debug = True

[api]
bind_host = 127.0.0.1
bind_port = 0

[keystone_authtoken]
www_authenticate_uri = {keystone}/v3
auth_url = {keystone}
auth_type = password
username = protector
password = {PASSWORD}
project_name = service
user_domain_name = Default
project_domain_name = Default
service_token_roles_required = True
"""
    with running("protector-api", configure(deployment, "site-a", "api", options)) as running_service:
        yield running_service


def test_tokens_decide(service: Service) -> None:
    url = service.logs(r"listening on (http://[0-9.]+:\d+)")[1]

    def get(path: str, token: str | None, **headers: str) -> requests.Response:
        auth = {} if token is None else {"X-Auth-Token": token}
        return requests.get(url + path, headers={**auth, **headers}, timeout=30)

    groups = "/v1/web/protection-groups"
    assert get(groups, OF_WEB).json() == {"protection_groups": []}
    assert get(groups, OF_OTHER).status_code == 403
    assert get(groups, OF_ADMIN).status_code == 200
    assert get("/v1/admin/sites", OF_WEB).status_code == 403
    assert len(get("/v1/admin/sites", OF_ADMIN).json()["sites"]) == 2
    assert get("/", None).status_code == 200
    assert get("/openapi.json", None).status_code == 200
    forged = {"X-Identity-Status": "Confirmed", "X-Project-Id": "web", "X-Roles": "admin"}
    for refused in (get(groups, None), get(groups, planted.token("nobody")), get(groups, None, **forged)):
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "no_valid_token"
        assert refused.headers["www-authenticate"].startswith("Keystone uri=")
        assert refused.headers["openstack-api-version"] == "protector 1.0"
    # in spite of debug
    for secret in (PASSWORD, OF_WEB, OF_ADMIN, OF_THE_SERVICE):
        assert secret not in service.log


def test_who_asked_is_in_the_log_by_request(service: Service) -> None:
    url = service.logs(r"listening on (http://[0-9.]+:\d+)")[1]
    answer = requests.get(f"{url}/v1/web/protection-groups", headers={"X-Auth-Token": OF_WEB}, timeout=30)
    identity = answer.headers["x-openstack-request-id"]
    service.logs(rf"INFO protector\.api\.app \[{identity}\] GET /v1/web/protection-groups 200 user-web web")
