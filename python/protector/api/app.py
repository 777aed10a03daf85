"""The WSGI application: from a request to the function that answers it."""

from __future__ import annotations

import functools
import json
import logging
from typing import TYPE_CHECKING, cast
from urllib.parse import quote, urlencode

import falcon
import jsonschema
from oslo_config import cfg
from oslo_context.context import generate_request_id
from oslo_policy import policy

from protector import Engine, Settings
from protector.api import errors, openapi, reading, versions
from protector.api.asked import Asked
from protector.api.authentication import Authentication, compose
from protector.api.call import JSON
from protector.api.calls import CALLS, FURTHER_RULES, Call
from protector.api.rules import ADMIN, Rules
from protector.exceptions import ProtectorException
from protector.service.logs import REQUEST_ID
from protector.service.options import ServiceOptions

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

LOG = logging.getLogger(__name__)


def application(
    settings: Settings, engine: Engine | None = None, conf: cfg.ConfigOpts | None = None
) -> WSGIApplication:
    """The application over an engine, by default that of the settings.

    ``conf`` is for the libraries of OpenStack; by default it is read from the files of the settings.

    Raises ``InvalidConfiguration`` for settings that do not fit together, and as :class:`protector.Engine`.
    """
    conf = _oslo_config(settings) if conf is None else conf
    return compose(bare_application(settings, engine or Engine(settings), conf), ServiceOptions.of(settings), conf)


def default_rules() -> list[policy.RuleDefault]:
    """What holds for each call unless ``policy.yaml`` says otherwise; for ``oslopolicy-sample-generator``, too."""
    documented = [
        policy.DocumentedRuleDefault(
            call.rule, f"rule:{call.default_rule}", call.summary, [{"path": call.path, "method": call.method}]
        )
        for call in CALLS
    ]
    further = [policy.RuleDefault(name, f"rule:{ADMIN}", purpose) for name, purpose in FURTHER_RULES.items()]
    return [*documented, *further]


def _oslo_config(settings: Settings) -> cfg.ConfigOpts:
    """For the libraries of OpenStack, which read the same files by themselves."""
    conf = cfg.ConfigOpts()
    conf([], project="protector", default_config_files=settings.files, default_config_dirs=[])
    return conf


def bare_application(settings: Settings, engine: Engine, conf: cfg.ConfigOpts | None = None) -> WSGIApplication:
    """The application without the middleware that says who asks: whoever sends its headers is believed."""
    options, rules = ServiceOptions.of(settings), Rules(conf or _oslo_config(settings), default_rules())
    app = falcon.App()
    for layer in (_Requests(), versions.Negotiation(), Authentication()):
        app.add_middleware(layer)
    app.req_options.strip_url_path_trailing_slash = True
    app.req_options.auto_parse_qs_csv = False
    app.req_options.keep_blank_qs_values = True
    app.add_error_handler(Exception, errors.broken)
    app.add_error_handler(falcon.HTTPError, errors.refused_by_http)
    app.add_error_handler(ProtectorException, errors.refused)
    app.add_route("/", _Versions())
    app.add_route("/v1", _Versions())
    app.add_route("/openapi.json", _OpenApi())
    resources: dict[str, _Resource] = {}
    for call in CALLS:
        validator = None if call.body is None else jsonschema.Draft202012Validator(call.body)
        responder = functools.partial(_respond, call, validator, engine, options, rules)
        setattr(resources.setdefault(call.path, _Resource()), f"on_{call.method.lower()}", responder)
    for path, resource in resources.items():
        app.add_route(path, resource)
    return cast("WSGIApplication", app)


class _Resource:
    """The methods of one path."""


def _respond(
    call: Call,
    validator: jsonschema.Draft202012Validator | None,
    engine: Engine,
    options: ServiceOptions,
    rules: Rules,
    request: falcon.Request,
    response: falcon.Response,
    **path: str,
) -> None:
    """Reads what is asked, asks the rule, and answers."""
    if request.context.version < call.since:
        raise falcon.HTTPNotFound(description=f"this is there from version {call.since} on; see {versions.HEADER}")
    caller = request.context.caller
    # without a project in the path the caller's own is meant
    rules.check(call.rule, caller, path.get("project_id", caller.project_id))
    query = reading.query(request.params, call.query)

    def link(marker: str) -> str:
        return f"{request.relative_uri.partition('?')[0]}?{urlencode({**request.params, 'marker': marker})}"

    body = reading.body(request, validator, call.max_body)
    scoped = engine.for_project(path["project_id"]) if "project_id" in path else engine
    asked = Asked(
        scoped, engine, rules, call.rule, caller, request.context.version, path, query, body, options.max_limit, link
    )
    media = call.answer(asked)
    response.status = call.status
    response.set_headers(asked.headers)
    if call.media != JSON:
        response.content_type, response.text = call.media, media
    elif media is not None:
        response.media = media


class _Requests:
    """Gives each request an id, for the log and for whoever asks."""

    def process_request(self, request: falcon.Request, _response: falcon.Response) -> None:
        """First of all."""
        request.context.request_id = generate_request_id()
        REQUEST_ID.set(request.context.request_id)

    def process_response(
        self, request: falcon.Request, response: falcon.Response, _resource: object, _succeeded: bool
    ) -> None:
        """Last of all."""
        response.set_header("X-Openstack-Request-Id", request.context.request_id)
        caller = getattr(request.context, "caller", None)
        who = (caller.user_id, caller.project_id) if caller else ("-", "-")
        # quoted, so that no path can end a line and begin another one; without the query, which callers write
        LOG.info("%s %s %s %s %s", request.method, quote(request.path), response.status_code, *who)


class _Versions:
    """The version document; needs no token."""

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """Where the service is and what it offers."""
        response.media = versions.document(request.prefix)


class _OpenApi:
    """The OpenAPI document; needs no token."""

    @functools.cached_property
    def _text(self) -> bytes:
        return json.dumps(openapi.document()).encode()

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        """The same for everybody."""
        response.content_type = falcon.MEDIA_JSON
        response.data = self._text
