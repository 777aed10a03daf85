"""Who asks: Keystone's middleware says so, or nobody does.

The middleware only marks a request whose token it does not accept; the refusal is written here, so that it has the body
of every other one, and so that the version document needs no token.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING, Any

import falcon
from oslo_config import cfg
from oslo_context.context import RequestContext

from protector.exceptions import InvalidConfiguration
from protector.service.options import ServiceOptions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOG = logging.getLogger(__name__)

#: Paths that anybody may ask for.
OPEN_PATHS = frozenset({"/", "/v1", "/openapi.json"})
#: Where what a request lacks stands in its environment.
_WANTED = "protector.wanted"


def compose(application: WSGIApplication, options: ServiceOptions, conf: cfg.ConfigOpts) -> WSGIApplication:
    """The application behind what ``[api] auth_strategy`` asks for.

    Raises ``InvalidConfiguration`` for ``keystone`` without ``[keystone_authtoken]``.
    """
    if options.auth_strategy == "noauth":
        LOG.warning("[api] auth_strategy = noauth: everybody who reaches this service is an administrator")
        return _Noauth(application, anywhere=options.danger_noauth_beyond_loopback)
    # only here, because it is most of what there is to load
    from keystoneauth1.exceptions import ClientException
    from keystonemiddleware import auth_token  # type: ignore[import-untyped]

    try:
        keystone: WSGIApplication = auth_token.AuthProtocol(
            application, {"oslo_config_config": conf, "delay_auth_decision": True}
        )
    except (ClientException, cfg.Error) as error:
        raise InvalidConfiguration(f"[keystone_authtoken]: {error}", "mend that option") from error
    if not conf.keystone_authtoken.auth_type and not conf.keystone_authtoken.auth_section:
        raise InvalidConfiguration(
            "[keystone_authtoken] auth_type is not set, so no token could be checked",
            "fill in [keystone_authtoken] as for every OpenStack service, or, for a trial on this machine: "
            "[api] auth_strategy = noauth and bind_host = 127.0.0.1",
        )
    return keystone


class _Noauth:
    """Makes everybody an administrator of the project in the path."""

    def __init__(self, application: WSGIApplication, *, anywhere: bool) -> None:
        self._application = application
        self._anywhere = anywhere

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # a proxy or another WSGI server may listen where bind_host does not
        known = self._anywhere or _is_loopback(environ.get("REMOTE_ADDR", ""))
        # what Keystone's middleware would set is nobody else's to say
        for name in [name for name in environ if name.startswith(("HTTP_X_", "HTTP_OPENSTACK_SYSTEM"))]:
            del environ[name]
        environ["HTTP_X_IDENTITY_STATUS"] = "Confirmed" if known else "Invalid"
        environ[_WANTED] = "auth_strategy = noauth answers requests of this machine only"
        if known:
            environ |= {"HTTP_X_USER_ID": "noauth", "HTTP_X_PROJECT_ID": "noauth", "HTTP_X_ROLES": "admin"}
        return self._application(environ, start_response)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Authentication:
    """Refuses requests of which nobody knows who sent them; the others get a context for the rules."""

    def process_request(self, request: falcon.Request, _response: falcon.Response) -> None:
        """Before routing, so that paths tell nothing to strangers."""
        if request.path in OPEN_PATHS:
            return
        if request.env.get("HTTP_X_IDENTITY_STATUS") != "Confirmed":
            raise falcon.HTTPUnauthorized(
                description=request.env.get(_WANTED, "this needs a valid token of Keystone in X-Auth-Token")
            )
        request.context.caller = RequestContext.from_environ(
            request.env, request_id=request.context.request_id, overwrite=False
        )


def caller_name(caller: Any) -> str:
    """Who that is, for journals."""
    return f"user {caller.user_id} of project {caller.project_id}"
