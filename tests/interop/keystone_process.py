"""Keystone in one process on SQLite: ``keystone_process.py <directory>``.

The address is written to ``address`` in the directory when it can be asked. The administrator is ``admin``, in project
``admin``, with the password that stands in ``password``.
"""

from __future__ import annotations

import socketserver
import sys
import warnings
from pathlib import Path
from typing import Any
from wsgiref import simple_server

warnings.simplefilter("ignore")  # of OpenStack's libraries about each other

CONFIGURATION = """
[DEFAULT]
log_file = {directory}/keystone.log
[database]
connection = sqlite:///{directory}/keystone.sqlite
[fernet_tokens]
key_repository = {directory}/fernet
[fernet_receipts]
key_repository = {directory}/fernet
[credential]
key_repository = {directory}/credential
[cache]
# each request takes hundreds of statements without; in memory it is right because there is one process
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
"""


class Server(socketserver.ThreadingMixIn, simple_server.WSGIServer):
    daemon_threads = True


class Handler(simple_server.WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """The log is Keystone's own."""


def make_keys_and_schema(directory: Path) -> None:
    """What Keystone wants to find when it begins."""
    from keystone.common import fernet_utils
    from keystone.common.sql import upgrades

    for name, option in (("fernet", "fernet_tokens"), ("credential", "credential")):
        repository = fernet_utils.FernetUtils(str(directory / name), 3, option)
        repository.create_key_directory()
        repository.initialize_key_repository()
    upgrades.offline_sync_database_to_version()


def bootstrap(directory: Path, url: str) -> None:
    """The administrator, and the catalogue's entry of Keystone itself. Loads what Keystone consists of."""
    from keystone.cmd.bootstrap import Bootstrapper

    made = Bootstrapper()
    made.admin_username = made.project_name = made.admin_role_name = "admin"
    made.admin_password = (directory / "password").read_text()
    made.service_name, made.region_id = "keystone", "RegionOne"
    made.public_url = made.internal_url = made.admin_url = url
    made.bootstrap()


def main() -> None:
    directory = Path(sys.argv[1])
    file = directory / "keystone.conf"
    file.write_text(CONFIGURATION.format(directory=directory))
    sys.argv = sys.argv[:1]  # Keystone reads it
    server = simple_server.make_server("127.0.0.1", 0, None, Server, Handler)  # type: ignore[arg-type]
    url = f"http://127.0.0.1:{server.server_port}/v3"

    import keystone.server
    from keystone.server.flask import application, core

    keystone.server.configure(config_files=[str(file)])
    make_keys_and_schema(directory)
    bootstrap(directory, url)
    server.set_app(core.setup_app_middleware(application.application_factory("public")))
    ready = directory / "address.new"
    ready.write_text(url)
    ready.rename(directory / "address")
    server.serve_forever()


if __name__ == "__main__":
    main()
