#!/usr/bin/env bash
# A disaster-recovery drill on the simulated world, with the commands an operator would type: protect a web server, rehearse
# its failover, fail it over, bring it back. Needs `openstack` with the protector plugin and `protector-manage` in PATH
# (`make demo` sees to that), no cloud and no array. Exit status 0 only if every operation completed.
#
# ARRAYS=mock (default): the engine works on the simulated arrays directly. ARRAYS=sim: flasharray-sim serves the same
# arrays over HTTPS, and the engine talks FlashArray REST to them.
set -euo pipefail
umask 077

arrays=${ARRAYS:-mock}
case $arrays in
    mock | sim) ;;
    *)
        echo "ARRAYS is mock or sim, not '$arrays'" >&2
        exit 2
        ;;
esac

state=$(mktemp -d -t protector-drill.XXXXXX)
simulator=
leave() {
    if [ -n "$simulator" ]; then
        kill "$simulator" 2>/dev/null || true
        wait "$simulator" 2>/dev/null || true
    fi
    rm -rf "$state"
}
trap leave EXIT
export PROTECTOR_CONFIG_FILE=$state/protector.conf
unset OS_CLOUD OS_CLIENT_CONFIG_FILE

# serves the arrays of the world until the drill ends
start_simulator() {
    local root binary
    root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
    binary=${FLASHARRAY_SIM:-${CARGO_TARGET_DIR:-$root/target}/release/flasharray-sim}
    if [ ! -x "$binary" ]; then
        echo "$binary is not there: cargo build --release -p flasharray-sim" >&2
        exit 1
    fi
    "$binary" --array flasharray-a=127.0.0.1:0 --array flasharray-b=127.0.0.1:0 \
        --db "$state/mock_array.db" --ready-file "$state/arrays.json" 2>"$state/flasharray-sim.log" &
    simulator=$!
    for _ in $(seq 150); do
        if [ -s "$state/arrays.json" ]; then return; fi
        if ! kill -0 "$simulator" 2>/dev/null; then break; fi
        sleep 0.1
    done
    echo "flasharray-sim did not serve its arrays within 15 seconds:" >&2
    cat "$state/flasharray-sim.log" >&2
    exit 1
}

driver=mock
if [ "$arrays" = sim ]; then
    driver=pure
    start_simulator
fi

cat >"$PROTECTOR_CONFIG_FILE" <<CONF
[DEFAULT]
state_path = $state

[engine]
storage_driver = $driver
mock_db_path = $state/mock_array.db
cloud_driver = mock
local_site = site-a

[storage]
fernet_key_repository = $state/fernet-keys
CONF
if [ "$arrays" = sim ]; then
    python3 - "$state/arrays.json" >>"$PROTECTOR_CONFIG_FILE" <<'PYTHON'
import json
import sys

arrays = json.load(open(sys.argv[1]))["arrays"]
for role, array in zip(("primary", "secondary"), arrays):
    print(f"{role}_array_url = {array['url']}\n{role}_array_api_token = {array['api_token']}")
print(f"array_ca_file = {arrays[0]['ca_cert']}\n\n[site:site-a]\narray = primary\n\n[site:site-b]\narray = secondary")
PYTHON
fi

if [ -t 1 ]; then bold=$(tput bold) plain=$(tput sgr0); else bold='' plain=''; fi
title() { printf '\n%s# %s%s\n' "$bold" "$*" "$plain"; }
run() {
    printf '%s$ %s%s\n' "$bold" "$*" "$plain"
    "$@"
}

title "Configuration, databases, and a simulated world of two sites"
run sed 's/_api_token = .*/_api_token = ***/' "$PROTECTOR_CONFIG_FILE"
run protector-manage fernet setup
run protector-manage db sync
run protector-manage mock seed
run protector-manage mock servers --site site-a

if [ "$arrays" = sim ]; then
    title "The arrays, over FlashArray REST"
    run protector-manage config check -c storage_driver -c arrays -c problem
    openstack --verbose protector site list 2>&1 >/dev/null | grep -E 'Storage driver:|PureStorageDriver initialized:'
    run openstack protector site validate site-a
    run openstack protector site validate site-b
fi

title "Protect a web server"
run openstack protector site list
run openstack protector protection-group create --name drill-web-app --replication-type async \
    --primary-site site-a --secondary-site site-b --volume-type replicated-ssd
run openstack protector protection-group policy-create drill-web-app \
    --pure-pg-name mock-pg-drill-web-app --replication-interval 300 --rpo-minutes 15
instance=$(protector-manage mock servers --site site-a -f json |
    python3 -c 'import json, sys; print(next(s["id"] for s in json.load(sys.stdin) if s["name"] == "web-server-1"))')
run openstack protector protection-group member-add drill-web-app --instance-id "$instance"
run openstack protector consistency-group show drill-web-app
run openstack protector consistency-group volumes drill-web-app
run openstack protector consistency-group sync drill-web-app --wait
run openstack protector health show

title "Rehearse: boot clones on site-b while the primary stays up, then remove them"
run openstack protector protection-group test-failover drill-web-app --retain-primary \
    --network-mapping net-primary-web=net-secondary-web --wait
test=$(openstack protector operation list -f value -c id | sed -n 1p)
run openstack protector operation show "$test"
run openstack protector test-cleanup drill-web-app --wait

title "Fail over: first see what would happen, then do it"
run openstack protector failover drill-web-app --network-mapping net-primary-web=net-secondary-web --dry-run
run openstack protector failover drill-web-app --network-mapping net-primary-web=net-secondary-web --wait
run openstack protector protection-group show drill-web-app
run protector-manage mock servers

title "Bring it back"
run openstack protector failback drill-web-app --network-mapping net-secondary-web=net-primary-web --wait
run openstack protector protection-group show drill-web-app -c name -c status -c current_primary_site -c protection

title "What was done"
run openstack protector operation list
openstack protector operation list -f json | python3 -c '
import json, sys
operations = json.load(sys.stdin)
bad = [o["id"] for o in operations if o["status"] != "completed"]
if bad or len(operations) != 5:
    sys.exit(f"expected 5 completed operations, got {len(operations)}, not completed: {bad}")
print("All 5 operations completed.")'
