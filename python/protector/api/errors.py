"""How a refusal looks over HTTP: one status per kind of error, one shape of body."""

from __future__ import annotations

import logging
from typing import Any

import falcon

from protector.exceptions import ProtectorException
from protector.service.logs import REQUEST_ID

LOG = logging.getLogger(__name__)

#: HTTP status by code. Credentials that an array or a cloud rejects are not those of the caller, so they are no 401.
STATUS: dict[str, int] = {
    "invalid_request": 400,
    "invalid_configuration": 500,
    "not_found": 404,
    "already_exists": 409,
    "conflict": 409,
    "precondition": 409,
    "not_eligible": 400,
    "plan_blocked": 409,
    "plan_stale": 409,
    "peer_unreachable": 503,
    "unreachable": 503,
    "unauthenticated": 502,
    "forbidden": 502,
    "transient": 503,
    "indeterminate": 502,
    "deadline_exceeded": 504,
    "cancelled": 409,
    "pending_eradication": 409,
    "limit_reached": 409,
    "unsupported": 501,
    "data_safety": 409,
    "storage": 500,
    "internal": 500,
}

#: The word for what HTTP itself refuses, before an engine is asked.
HTTP_CODES: dict[int, str] = {
    400: "invalid_request",
    401: "no_valid_token",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "version_not_offered",
    413: "body_too_large",
    415: "no_json",
}

#: What falcon says without a sentence of its own.
_SENTENCES = {404: "there is no {path}", 405: "{path} does not take {method}"}

#: Seconds after which a client may ask again what may pass later.
_RETRY_AFTER = "5"


def body(
    code: str,
    message: str,
    remedy: str | None = None,
    *,
    retryable: bool = False,
    details: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of every refusal."""
    error = {
        "code": code,
        "message": message,
        "remedy": remedy,
        "retryable": retryable,
        "details": details or {},
        "request_id": REQUEST_ID.get(),
    }
    return {"error": error}


def refused(_request: falcon.Request, response: falcon.Response, error: ProtectorException, _: object) -> None:
    """A refusal of the engine. Its texts never hold a secret."""
    status = STATUS.get(error.code, 500)
    if status >= 500:
        LOG.warning("answered with %d: %s", status, error)
    response.status = status
    if error.retryable:
        response.set_header("Retry-After", _RETRY_AFTER)
    response.media = body(error.code, error.message, error.remedy, retryable=error.retryable, details=error.details)


def refused_by_http(request: falcon.Request, response: falcon.Response, error: falcon.HTTPError, _: object) -> None:
    """A refusal of HTTP: no such path, method, token, version or media type."""
    status = error.status_code
    response.status = status
    response.set_headers(error.headers or {})
    message = error.description or _SENTENCES.get(status, "{method} {path} is refused").format(
        method=request.method, path=request.path
    )
    remedy = "GET /openapi.json tells what there is" if error.description is None else None
    response.media = body(HTTP_CODES.get(status, "invalid_request"), message, remedy)


def broken(request: falcon.Request, response: falcon.Response, error: Exception, _: object) -> None:
    """A defect. What it says may hold anything, so it goes into the log only."""
    LOG.error("%s %s ended at a defect", request.method, request.path, exc_info=error)
    response.status = 500
    response.media = body("internal", "the service stopped at a defect; its log names it under the id of this request")
