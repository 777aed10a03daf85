#!/usr/bin/env bash
# Installs what `make wheel` put into a directory as people do, into empty environments, and goes through a drill with it.
#
#   install.sh <directory> wheels    on the Python that built them, on the oldest and on the newest that this machine has beside it
#   install.sh <directory> sources   the sdists, and a fresh clone; Cargo keeps what it compiles in CARGO_TARGET_DIR
set -euo pipefail
dist=$(realpath "$1")
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$root/pyproject.toml")
builder=$(command -v "${PYTHON:-python3}")
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1 PIP_QUIET=1

work=$(mktemp -d -t protector-packaging.XXXXXX)
trap 'rm -rf "$work"' EXIT
# nothing of the source tree may be found by accident
cd "$work"

# the Pythons that can make environments, oldest first; those of pyenv are not in PATH
pythons() {
    local minor candidate
    for minor in 9 10 11 12 13 14 15; do
        for candidate in "$(command -v "python3.$minor" || true)" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor."*/bin/python; do
            if [ -x "$candidate" ] && "$candidate" -c 'import ensurepip, ssl' 2>/dev/null; then
                echo "$candidate"
                break
            fi
        done
    done
}

timed() {
    local what=$1 started=$SECONDS
    shift
    "$@"
    echo "$what: $((SECONDS - started)) s"
}

# environment <name> <python> <argument of pip install>…
environment() {
    local name=$1 python=$2
    shift 2
    "$python" -m venv "$work/$name"
    "$work/$name/bin/pip" install "$@"
    "$work/$name/bin/pip" check
}

# every module and every entry point can be loaded, the commands are there
load() {
    "$work/$1/bin/python" -W error::SyntaxWarning - "$version" <<'PYTHON'
import importlib
import pkgutil
import sys
from importlib import metadata

import protector

expected = sys.argv[1]
wanting = {}
extra = {"falcon", "jsonschema", "keystonemiddleware", "oslo_config", "oslo_context", "oslo_policy", "waitress", "castellan"}


def attempt(what, load):
    try:
        load()
    except ModuleNotFoundError as error:
        if error.name not in extra:
            raise
        wanting.setdefault(error.name, []).append(what)


for module in pkgutil.walk_packages(protector.__path__, "protector."):
    if module.name != "protector.api.wsgi":  # which reads the settings of its site
        attempt(module.name, lambda: importlib.import_module(module.name))
for name in ("openstack-protector", "python-protectorclient"):
    about = metadata.distribution(name)
    assert about.version == protector.__version__ == expected, (name, about.version, protector.__version__)
    assert about.entry_points
    for point in about.entry_points:
        attempt(point.name, point.load)
for library, names in wanting.items():
    print(f"{len(names)} modules and entry points need {library}, of an extra that is not installed")
PYTHON
    "$work/$1/bin/protector-manage" --version
    "$work/$1/bin/openstack" protector site list --help >/dev/null
    "$work/$1/bin/openstack" dr site list --help >/dev/null
}

drill() {
    if ! PATH="$work/$1/bin:$PATH" "$root/examples/drill.sh" >"$work/drill.log" 2>&1; then
        cat "$work/drill.log" >&2
        exit 1
    fi
}

# on_wheels <python> <extras>
on_wheels() {
    environment "wheels" "$1" --only-binary openstack-protector,python-protectorclient --find-links "$dist" \
        "openstack-protector[$2]==$version"
    load wheels
    drill wheels
    rm -rf "$work/wheels"
}

from_sdists() {
    # unpacked with the time of now: by older ones Cargo might take what the source tree compiled for compiled
    tar -xzmf "$dist/openstack_protector-$version.tar.gz"
    environment sdists "$builder" "./openstack_protector-$version" "$dist/python_protectorclient-$version.tar.gz"
    load sdists
    drill sdists
}

from_clone() {
    mkdir clone
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -xmC clone
    (cd clone && environment clone "$builder" . ./python/protectorclient)
    load clone
}

wheels() {
    local others tried python
    timed "wheels with [osc] on $("$builder" --version)" on_wheels "$builder" osc
    mapfile -t others < <(pythons)
    tried=$("$builder" --version)
    for python in "${others[0]:-$builder}" "${others[-1]:-$builder}"; do
        case $tried in *"$("$python" --version)"*) continue ;; esac
        timed "wheels with all extras on $("$python" --version)" on_wheels "$python" api,castellan,osc
        tried+=" $("$python" --version)"
    done
    case $tried in *" 3.9."*) ;; *) echo "not tried on Python 3.9, the oldest that the wheel is for: this machine has none" ;; esac
}

sources() {
    timed "sdists" from_sdists
    timed "fresh clone" from_clone
}

"$2"
