"""Drivers by name: found among the installed entry points, opened for a site."""

from __future__ import annotations

import difflib
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

from protector.engine.bridge import Bridge, described
from protector.engine.cloud import Cloud
from protector.engine.driver import DriverOptions
from protector.engine.storage import StorageDriver
from protector.exceptions import InvalidConfiguration

if TYPE_CHECKING:
    from protector import Settings

_P = TypeVar("_P", StorageDriver, Cloud)

#: Entry-point groups, with the option that chooses from them and the names that are the engine's own.
STORAGE = ("protector.storage_drivers", "storage_driver", ("pure", "mock"))
CLOUD = ("protector.cloud_drivers", "cloud_driver", ("openstack", "mock"))

#: Methods of :class:`StorageDriver` that the core has a default for.
_OPTIONAL = ("newest_complete", "standby_groups")


def storage(name: str, site: str, settings: Settings) -> Bridge:
    """The driver of the array at ``site``, for the core."""
    return storage_bridge(_opened(StorageDriver, STORAGE, name, site, settings))  # type: ignore[type-abstract]


def cloud(name: str, site: str, settings: Settings) -> Bridge:
    """The driver of the cloud of ``site``, for the core."""
    return cloud_bridge(_opened(Cloud, CLOUD, name, site, settings))  # type: ignore[type-abstract]


def storage_bridge(driver: StorageDriver) -> Bridge:
    """A storage driver, for the core."""
    return Bridge(driver, StorageDriver, described(driver, driver.capabilities(), StorageDriver, _OPTIONAL))


def cloud_bridge(driver: Cloud) -> Bridge:
    """A cloud, for the core."""
    return Bridge(driver, Cloud, described(driver, None, Cloud, ()))


def find(group: tuple[str, str, tuple[str, ...]], name: str) -> EntryPoint:
    """The entry point of that name. Raises ``InvalidConfiguration`` unless there is exactly one."""
    entry_point_group, option, own = group
    installed = entry_points(group=entry_point_group)
    found = {entry.value: entry for entry in installed if entry.name == name}
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        raise InvalidConfiguration(
            f"[engine] {option} = {name}: several installed packages have a driver of that name: {', '.join(found)}",
            remedy="uninstall all but one of them",
        )
    known = sorted({*own, *(entry.name for entry in installed)})
    near = difflib.get_close_matches(name, known, n=1)
    raise InvalidConfiguration(
        f"[engine] {option} = {name}: no driver of that name is installed (there are: {', '.join(known)})",
        remedy=f"write {option} = {near[0]}" if near else f"install the package with the driver '{name}'",
    )


def _opened(port: type[_P], group: tuple[str, str, tuple[str, ...]], name: str, site: str, settings: Settings) -> _P:
    entry = find(group, name)
    place = f"[engine] {group[1]} = {name}"
    try:
        driver: Any = entry.load()
    except (ImportError, AttributeError) as error:
        raise InvalidConfiguration(
            f"{place}: '{entry.value}' cannot be imported: {error}", remedy="mend the package that brings it along"
        ) from error
    if not isinstance(driver, type) or not issubclass(driver, port):
        raise InvalidConfiguration(
            f"{place}: '{entry.value}' is not a class derived from {port.__module__}.{port.__qualname__}",
            remedy="mend the package that brings it along",
        )
    options = DriverOptions(settings.driver_options(name), lambda option: settings.driver_secret(name, option))
    return driver.open(site, options)
