"""Who may do what: rules ``protector:<resource>:<action>``, changed in ``/etc/protector/policy.yaml``."""

from __future__ import annotations

from collections.abc import Iterable

import falcon
from oslo_config import cfg
from oslo_context.context import RequestContext
from oslo_policy import policy
from yaml import YAMLError  # type: ignore[import-untyped]

from protector.exceptions import InvalidConfiguration

ADMIN = "admin"
ADMIN_OR_OWNER = "admin_or_owner"
#: What no project is called.
_NOBODY = "\x00"

_BASE = (
    policy.RuleDefault(ADMIN, "role:admin", "Who may do everything."),
    policy.RuleDefault(
        ADMIN_OR_OWNER, "rule:admin or project_id:%(project_id)s", "Members of the project that owns it, and admins."
    ),
)


class Rules:
    """The rules in force. The file is read anew when it changes."""

    def __init__(self, conf: cfg.ConfigOpts, defaults: Iterable[policy.RuleDefault]) -> None:
        self._enforcer = policy.Enforcer(conf)
        self._enforcer.register_defaults([*_BASE, *defaults])
        # a file that cannot be read keeps the service from starting, not each request from being answered
        try:
            self._enforcer.load_rules()
        except (AttributeError, TypeError, ValueError, YAMLError, OSError) as error:
            # the first two: it is YAML, and no list of rules by name
            raise InvalidConfiguration(
                f"{self._enforcer.policy_path or 'policy.yaml'} cannot be read: {error}",
                "mend the line, or move the file away to get the rules of this release",
            ) from error

    def allows(self, rule: str, caller: RequestContext, project: str | None) -> bool:
        """Whether the caller may do that to what belongs to ``project``; ``None``: to no project."""
        # oslo.policy compares texts: a token without a project would own what has none, and the project "None"
        owner = _NOBODY if project is None or caller.project_id is None else project
        return bool(self._enforcer.enforce(rule, {"project_id": owner}, caller))

    def check(self, rule: str, caller: RequestContext, project: str | None) -> None:
        """Raises a 403 that names the rule."""
        if not self.allows(rule, caller, project):
            raise falcon.HTTPForbidden(description=f"the rule {rule} does not allow this to you")
