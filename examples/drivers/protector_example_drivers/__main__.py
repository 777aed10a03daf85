"""``python -m protector_example_drivers seed DIRECTORY`` makes two sites and prints their ``protector.conf``.

``… array DIRECTORY NAME`` makes one more empty array beside others, ``… volume DIRECTORY ARRAY NAME BYTES`` a volume.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from protector.exceptions import ProtectorException
from protector_example_drivers.array import Array
from protector_example_drivers.seed import seed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m protector_example_drivers")
    commands = parser.add_subparsers(dest="command", required=True)
    seeds = commands.add_parser("seed", help="make two sites with a server, and print their protector.conf")
    seeds.add_argument("directory", type=Path)
    arrays = commands.add_parser("array", help="make an empty array")
    arrays.add_argument("directory", type=Path, help="[driver:sparse-files] directory")
    arrays.add_argument("name", help="name of its site")
    volumes = commands.add_parser("volume", help="make an empty volume, and print its id")
    volumes.add_argument("directory", type=Path, help="[driver:sparse-files] directory")
    volumes.add_argument("array", help="name of the site")
    volumes.add_argument("name")
    volumes.add_argument("bytes", type=int)
    given = parser.parse_args()
    try:
        if given.command == "seed":
            sys.stdout.write(seed(given.directory))
        elif given.command == "array":
            Array(given.directory / given.name).create()
        else:
            print(Array(given.directory / given.array).create_volume(given.name, given.bytes))
    except ProtectorException as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
