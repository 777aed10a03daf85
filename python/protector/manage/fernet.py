"""The keys that array tokens are encrypted with."""

from __future__ import annotations

import argparse
import json
from typing import Any

from protector import _native
from protector.manage.base import ManageCommand, ManageLister


class FernetSetup(ManageCommand):
    """Make the keys that array tokens are encrypted with, unless there are some"""

    def take_action(self, _parsed_args: argparse.Namespace) -> None:
        report = json.loads(_native.fernet_setup(self.settings))
        done = f"made {len(report['created'])} keys in" if report["created"] else "there are keys in"
        self.app.stdout.write(f"{done} {report['directory']}\n")


class FernetRotate(ManageCommand):
    """Encrypt with the next key from now on; refused while a stored token needs a key that would be removed"""

    def take_action(self, _parsed_args: argparse.Namespace) -> None:
        report = json.loads(_native.fernet_rotate(self.settings))
        removed = f", removed {', '.join(report['removed'])}" if report["removed"] else ""
        self.app.stdout.write(f"{report['primary']} encrypts from now on{removed}\n")


class FernetMigrate(ManageLister):
    """Encrypt the array tokens in the database of each site with the key that encrypts now"""

    columns = ("site", "path", "tokens", "migrated")

    def take_action(self, _parsed_args: argparse.Namespace) -> Any:
        return self.rows(_native.fernet_migrate(self.settings))
