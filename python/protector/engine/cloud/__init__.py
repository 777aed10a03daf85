"""Clouds: :class:`Cloud` is the base of drivers written in Python.

The engine opens OpenStack itself, from the configuration; another cloud is installed under the entry-point group
``protector.cloud_drivers`` and chosen by ``[engine] cloud_driver = <name>``.
"""

from protector.engine.cloud.driver import Cloud as Cloud
