"""The façade over the native engine, with typed arguments and values instead of JSON.

The examples here and in the parts of the engine run against a seeded simulation whose engine works from ``site-a``; see
:func:`protector.testing.mock_deployment`.
"""

from __future__ import annotations

from protector import _native
from protector._native import Settings
from protector.engine.calls import FailoverType, GraphFormat, NameMap, Progress, ReplicationType
from protector.engine.events import Events
from protector.engine.groups import ProtectionGroups
from protector.engine.sites import Sites

__all__ = ["Engine", "FailoverType", "GraphFormat", "NameMap", "Progress", "ReplicationType"]


class Engine(Sites, ProtectionGroups, Events):
    """One site's view of the deployment.

    Every call may be made from any thread, blocks, and lets other Python threads run meanwhile. A refused call changes
    nothing. All errors are :class:`~protector.exceptions.ProtectorException`; beside the kinds that a method names, any
    method may raise ``Unreachable`` (a cloud, array or database does not answer), ``StorageError`` (a local file or
    database) and, in a process that was forked from the one that opened the engine, ``NotSupported``.

    >>> engine.site
    'site-a'
    >>> [site.name for site in engine.site_list()]
    ['site-a', 'site-b']
    """

    def __init__(self, settings: Settings | None = None, site: str | None = None) -> None:
        """Opens the engine of ``site``, else of ``[engine] local_site``, else of the first site.

        ``settings`` default to :meth:`Settings.discover`. Raises ``InvalidConfiguration`` for settings that do not fit
        together and ``NotFound`` for a site that is not registered.
        """
        self._native = _native.Engine(settings or Settings.discover(), site)

    def for_project(self, project: str) -> Engine:
        """The same engine for one project: it sees and changes the groups and operations of that project alone.

        What belongs to others is as if it were not there (``NotFound``); what concerns all projects, such as sites,
        raises ``Forbidden``. Whoever calls it answers for the caller being of that project.

        >>> engine.for_project("web").protection_group_list()
        []
        """
        scoped = object.__new__(type(self))
        scoped._native = self._native.for_project(project)
        return scoped

    @property
    def project(self) -> str | None:
        """The project it works for; ``None``: all."""
        return self._native.project

    @property
    def site(self) -> str:
        """The site this engine works from."""
        return self._native.site

    def __repr__(self) -> str:
        project = "" if self.project is None else f", project={self.project!r}"
        return f"Engine(site={self.site!r}{project})"
