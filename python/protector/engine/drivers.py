"""Drivers by name: found among the installed entry points, opened for a site."""

from __future__ import annotations

import difflib
import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from protector.engine.bridge import Bridge, described
from protector.engine.cloud import Cloud
from protector.engine.driver import DriverOptions
from protector.engine.storage import StorageDriver
from protector.exceptions import InvalidConfiguration

if TYPE_CHECKING:
    from protector import Settings


@dataclass(frozen=True)
class Kind:
    """Which drivers there are to choose from."""

    #: Group of entry points.
    group: str
    #: Option of ``[engine]`` that chooses.
    option: str
    #: Names that are the engine's own.
    own: tuple[str, ...]
    #: What a driver is derived from.
    port: type


STORAGE = Kind("protector.storage_drivers", "storage_driver", ("pure", "mock"), StorageDriver)
CLOUD = Kind("protector.cloud_drivers", "cloud_driver", ("openstack", "mock"), Cloud)

#: Methods of :class:`StorageDriver` that the core has a default for.
_OPTIONAL = ("newest_complete", "standby_groups")


def storage(name: str, site: str, settings: Settings) -> Bridge:
    """The driver of the array at ``site``, for the core."""
    return storage_bridge(_opened(STORAGE, name, site, settings))


def cloud(name: str, site: str, settings: Settings) -> Bridge:
    """The driver of the cloud of ``site``, for the core."""
    return cloud_bridge(_opened(CLOUD, name, site, settings))


def storage_bridge(driver: StorageDriver) -> Bridge:
    """A storage driver, for the core."""
    return Bridge(driver, StorageDriver, described(driver, driver.capabilities(), StorageDriver, _OPTIONAL))


def cloud_bridge(driver: Cloud) -> Bridge:
    """A cloud, for the core."""
    return Bridge(driver, Cloud, described(driver, None, Cloud, ()))


def installed(kind: Kind, name: str, settings: Settings) -> Any:
    """The class that a name stands for; ``None``: one of the engine's own. Raises ``InvalidConfiguration`` if it cannot
    be found, or is no driver."""
    if name in kind.own:
        return None
    place, mend = _place(kind, name, settings), "mend the package that brings it along"
    entry = _entry_point(kind, name, place)
    try:
        driver = entry.load()
    except (ImportError, AttributeError) as error:
        raise InvalidConfiguration(f"{place}: '{entry.value}' cannot be imported: {error}", mend) from error
    if not isinstance(driver, type) or not issubclass(driver, kind.port):
        base = f"{kind.port.__module__}.{kind.port.__qualname__}"
        raise InvalidConfiguration(f"{place}: '{entry.value}' is not a class derived from {base}", mend)
    return driver


def _place(kind: Kind, name: str, settings: Settings) -> str:
    at = settings.driver_places.get(kind.option)
    return f"{at + ': ' if at else ''}[engine] {kind.option} = {name}"


def _entry_point(kind: Kind, name: str, place: str) -> EntryPoint:
    if sys.version_info < (3, 10):
        all_of_them = entry_points().get(kind.group, ())
    else:
        all_of_them = entry_points(group=kind.group)
    found = {entry.value: entry for entry in all_of_them if entry.name == name}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise InvalidConfiguration(
            f"{place}: several installed packages have a driver of that name: {', '.join(found)}",
            "uninstall all but one of them",
        )
    known = sorted({*kind.own, *(entry.name for entry in all_of_them)})
    near = difflib.get_close_matches(name, known, n=1)
    raise InvalidConfiguration(
        f"{place}: no driver of that name is installed (there are: {', '.join(known)})",
        f"write {kind.option} = {near[0]}" if near else f"install the package with the driver '{name}'",
    )


def _opened(kind: Kind, name: str, site: str, settings: Settings) -> Any:
    driver = installed(kind, name, settings)
    options = DriverOptions(settings.driver_options(name), lambda option: settings.driver_secret(name, option))
    return driver.open(site, options)
