"""The real ``openstack`` executable: formats, drawings, terminals and pipes, secrets, completion, exit statuses."""

from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import planted
import pytest
import yaml
from batch import Batch, batch
from conftest import BIN, HOME, NETWORKS, columns, protect, run_executable, run_osc, snapshot
from place import Place
from terminal import CONTROL, INTERRUPT, terminal

from protector import Engine
from protector.testing import MockDeployment, mock_deployment

THERE = ("--network-mapping", "net-primary-web=net-secondary-web")
README = Path(__file__).parents[2] / "README.md"
URLS = ("--primary-fa-url", "https://a.example.com", "--secondary-fa-url", "https://b.example.com")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockDeployment]:
    """A group that was moved away from a lost site, so that there is something to list everywhere."""
    with mock_deployment(tmp_path_factory.mktemp("world")) as made:
        engine = protect(made)
        engine.mapping_set("prod-web", networks=NETWORKS)
        engine.failover("prod-web", networks=NETWORKS)
        engine.failback("prod-web", networks=HOME)
        made.set_site("site-a", available=False)
        assert made.engine("site-b").failover("prod-web", type="unplanned", force=True, networks=NETWORKS).completed
        made.set_site("site-a", available=True)
        made.engine("site-b").sync_metadata("prod-web")
        with made.config_file.open("a") as config:
            config.write("default_rpo_minutes = 20\n")
        yield made


@pytest.fixture
def engine(world: MockDeployment, monkeypatch: pytest.MonkeyPatch) -> Engine:
    """The engine of site-a; commands in this process find the same world."""
    monkeypatch.setenv("PROTECTOR_CONFIG_FILE", str(world.config_file))
    return world.engine()


@pytest.fixture(scope="module")
def openstack(world: MockDeployment) -> Iterator[Batch]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROTECTOR_CONFIG_FILE", str(world.config_file))
        with batch() as running:
            yield running


# commands that can be run again and again, by what they are
LISTERS = (
    "site list --long",
    "site validate site-b",
    "site list-volume-types site-a",
    "protection-group list --long",
    "protection-group mapping show prod-web",
    "protection-group mapping suggest prod-web",
    "protection-group mapping set prod-web --network-mapping net-primary-web=net-secondary-web",
    "protection-group divergence list prod-web --long",
    "policy drift --long",
    "member list prod-web --long",
    "consistency-group volumes prod-web",
    "operation list --long",
    "health show --long",
)
ONES = (
    "site show site-a",
    "protection-group show prod-web",
    "protection-group update prod-web --description same --long",
    "protection-group sync-status prod-web",
    "protection-group sync prod-web",
    "policy show prod-web --long",
    "policy create prod-web --rpo-minutes 15 --long",
    "member update prod-web --instance-id {server} --tier 1",
    "consistency-group show prod-web",
    "operation show {operation} --long",
    "operation watch {operation}",
    "health sweep",
)


def read(form: str, text: str) -> list[dict[str, Any]]:
    """The rows of an output, by the parser of somebody else."""
    if form == "csv":
        return list(csv.DictReader(text.splitlines()))
    parsed = json.loads(text) if form == "json" else yaml.safe_load(text)
    return parsed if isinstance(parsed, list) else [parsed]


@pytest.mark.parametrize("line", [*LISTERS, *ONES])
def test_every_format_has_the_same_columns(openstack: Batch, world: MockDeployment, line: str) -> None:
    engine = world.engine()
    words = line.format(operation=engine.operation_list()[0].id, server=engine.member_list("prod-web")[0].instance_id)
    forms = {form: openstack.run("protector", *words.split(), "-f", form) for form in forms_of(line)}
    for form, done in forms.items():
        assert done.code == 0, (form, done.err)
        assert not CONTROL.search(done.out), form
    names = columns(forms["table"].out)
    assert names
    [first, *_] = rows = read("json", forms["json"].out)
    for form in ("json", "yaml", "csv"):
        if form in forms:
            # of a list, cliff sorts what YAML calls a mapping
            assert [sorted(row) for row in read(form, forms[form].out)] == [sorted(names)] * len(rows), form
    assert [list(row) for row in rows] == [names] * len(rows)
    if line in ONES:
        assert len(forms["value"].out.splitlines()) == len(names)
    else:
        assert len(forms["value"].out.splitlines()) == len(rows)
        assert forms["value"].out.startswith(f"{first[names[0]]} ")


def forms_of(line: str) -> tuple[str, ...]:
    return ("table", "json", "yaml", "value", "csv") if line in LISTERS else ("table", "json", "yaml", "value")


def test_a_plan_is_shown_in_every_form(openstack: Batch, engine: Engine) -> None:
    [operation] = [each for each in engine.operation_list() if each.operation_type == "failback"]

    def shown(*words: str) -> str:
        done = openstack.run("protector", "plan", "show", operation.id, *words)
        assert done.code == 0, done.err
        return done.out

    plan = engine.operation_plan(operation.id)
    titles = [step.title for step in plan.steps]
    assert json.loads(shown("--format", "json"))["hash"] == plan.hash == operation.plan_hash
    assert plan.hash in shown("--format", "text")
    assert shown("--format", "text") == shown()
    svg = ElementTree.fromstring(shown("--format", "svg"))
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert titles[0] in "".join(svg.itertext())
    assert shown("--format", "dot").startswith("digraph")
    assert shown("--format", "mermaid").startswith("flowchart")
    assert "<html" in shown("--format", "html")
    for form in ("mermaid", "dot", "svg", "html"):
        assert shown("--graph", form) == shown("-f", form)


@pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")
def test_graphviz_draws_a_plan(engine: Engine) -> None:
    dot = engine.operation_plan(engine.operation_list()[0].id).to_dot()
    done = subprocess.run(["dot", "-Tsvg"], input=dot, capture_output=True, text=True, timeout=60, check=True)
    assert ElementTree.fromstring(done.stdout).tag.endswith("svg")


def test_a_dry_run_prints_a_plan_and_changes_nothing(openstack: Batch, world: MockDeployment, engine: Engine) -> None:
    before = snapshot(world)
    done = openstack.run("protector", "consistency-group", "sync", "prod-web", "--dry-run")
    plan = engine.plan_sync("prod-web")
    assert (done.code, done.out.rstrip()) == (0, plan.to_text().rstrip())
    done = openstack.run("dr", "consistency-group", "sync", "prod-web", "--dry-run", "-f", "json")
    assert json.loads(done.out)["hash"] == plan.hash
    assert snapshot(world) == before


def test_a_terminal_shows_the_step_and_what_remains(real_time: MockDeployment) -> None:
    # on simulated time all is over before the bar is drawn a second time
    engine = real_time.engine()
    with terminal("protector", "failover", "prod-web", *THERE, "--wait") as shown:
        assert shown.ends() == 0, shown.seen
    operation = engine.operation_list()[0]
    text = CONTROL.sub("", shown.seen)
    assert "100%" in text
    assert "planned failover of 'prod-web': completed" not in text  # those are the lines of a pipe
    left = [int(count) for count in re.findall(r"(\d+) steps? left, about \d+ (?:s|min|h)", text)]
    assert left, text
    assert left == sorted(left, reverse=True)
    assert left[0] <= operation.steps_total
    assert any(step.title in text for step in operation.steps)


def test_ctrl_c_on_a_terminal_while_somebody_watches(
    real_time: MockDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, place = real_time.engine(), Place(real_time.directory, monkeypatch)
    place.world("UPDATE settings SET transfer_millis = 120000")
    with terminal("protector", "failover", "prod-web", *THERE, "--wait") as shown:
        shown.shows(r"\d+ steps? left.+wait until it is complete")
        operation = engine.operation_list()[0]
        watch = [BIN / "openstack", "protector", "operation", "watch", operation.id, "-f", "json"]
        with subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watcher:
            try:
                assert watcher.stderr is not None
                lines = [watcher.stderr.readline() for _ in range(2)]
                shown.type(INTERRUPT)
                assert shown.ends() == 130, shown.seen
                out, err = watcher.communicate(timeout=60)
            finally:
                watcher.kill()
    assert f"openstack protector operation resume {operation.id} --wait" in shown.seen
    # whoever watches in a pipe gets lines, and learns how it stands
    watched = "".join(lines) + err
    assert re.search(r"^ *\d+% .+: (done|started|running)$", watched, re.MULTILINE), watched
    assert not CONTROL.search(watched)
    assert (watcher.returncode, json.loads(out)["status"]) == (1, "interrupted")

    place.world("UPDATE settings SET transfer_millis = 500")
    place.world("UPDATE transfers SET duration_millis = 500 WHERE duration_millis > 500")
    resumed = run_osc("protector", "operation", "resume", operation.id, "-f", "json").json
    assert (resumed["status"], resumed["instances_failed"]) == ("completed", 0)


def test_a_token_that_is_typed_or_in_a_file_is_not_shown(deployment: MockDeployment, protected: Engine) -> None:
    """While it waits for the first one, others could look at the process."""
    file = deployment.directory / "array-token"
    file.write_text(f"{planted.token('file')}\n")
    words = ("--debug", "protector", "policy", "create", "prod-web", *URLS)
    with terminal(*words, "--primary-fa-token", "-", "--secondary-fa-token", f"file:{file}") as shown:
        shown.shows(r"--primary-fa-token: $")
        line = Path(f"/proc/{shown.process.pid}/cmdline").read_bytes().decode()
        shown.type(f"{planted.token('typed')}\n")
        assert shown.ends() == 0, shown.seen
    assert f"file:{file}" in line
    for text in (line, shown.seen):
        assert planted.MARK not in text
    assert "shell history" not in shown.seen
    policy = protected.policy_show("prod-web")
    assert (policy.primary_fa_url, policy.primary_fa_token_set) == ("https://a.example.com", True)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("env:NO_SUCH_TOKEN", "--primary-fa-token env:NO_SUCH_TOKEN: the variable is not set"),
        ("env:EMPTY_TOKEN", "--primary-fa-token env:EMPTY_TOKEN: it is empty"),
        ("file:{directory}/absent", "--primary-fa-token file:{directory}/absent: No such file or directory"),
        ("file:{directory}", "--primary-fa-token file:{directory}: Is a directory"),
        ("file:{directory}/binary", "--primary-fa-token file:{directory}/binary: it is not text"),
        ("-", "--primary-fa-token -: nobody is there to be asked"),
    ],
)
def test_a_token_that_cannot_be_had(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, says: str
) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", nobody)
    monkeypatch.setenv("EMPTY_TOKEN", "  ")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    given, says = (text.format(directory=tmp_path) for text in (given, says))
    before = engine.protection_group_show("prod-web"), engine.policy_show("prod-web")
    done = run_osc("protector", "policy", "create", "prod-web", *URLS, "--primary-fa-token", given)
    assert done.code == 1
    assert says in done.err
    assert "What to do: give env:<variable>, file:<path> or -" in done.err
    assert (engine.protection_group_show("prod-web"), engine.policy_show("prod-web")) == before


# what bash-completion brings, as far as the script needs it
WORDS_BY_REF = "_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]}; words=(${COMP_WORDS[@]}); }"


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    script = tmp_path_factory.mktemp("completion") / "openstack.bash"
    script.write_text(run_executable("openstack", "complete").out)
    return script


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("openstack protector pl", "plan"),
        ("openstack dr protection-group di", "divergence"),
        ("openstack protector consistency-group ", "show sync volumes"),
        ("openstack dr failover --netw", "--network-mapping"),
        ("openstack protector protection-group policy-create --primary-fa-t", "--primary-fa-token"),
        ("openstack protector plan show --fo", "--format"),
    ],
)
def test_bash_completes_commands_and_options(completion: Path, typed: str, completed: str) -> None:
    words = typed.split(" ")
    script = (
        f"{WORDS_BY_REF}; source {completion}; COMP_WORDS=({' '.join(words[:-1])} '{words[-1]}'); "
        f'COMP_CWORD={len(words) - 1}; _openstack; echo "${{COMPREPLY[@]}}"'
    )
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == completed.split(), done.stderr


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("failover prod-web --type plannd", "Did you mean: planned, unplanned?"),
        ("plan show op-1 --format svgg", "Did you mean: svg?"),
        ("failover prod-web --netwrk-mapping a=b", "Did you mean: --network-mapping"),
        ("protection-group show prod-wbe", "Did you mean: prod-web?"),
        ("protection-gruop show prod-web", "protector protection-group show"),
        ("plan show op-1 --format zzzz", None),
    ],
)
@pytest.mark.usefixtures("engine")
def test_what_may_have_been_meant(line: str, hint: str | None) -> None:
    done = run_osc("protector", *line.split())
    assert done.code in (1, 2)
    assert hint in done.err + done.out if hint else "Did you mean" not in done.err


STATUSES = {
    "it came out": (0, "consistency-group sync prod-web"),
    "refused": (1, "protection-group show absent"),
    "a dry run that is blocked": (1, "failback prod-web --dry-run"),
    "a check that failed": (1, "--os-cloud site-a site validate site-b"),
    "an operation that ended in another way": (1, "--os-cloud site-a consistency-group sync prod-web"),
    "a wrong option": (2, "failover prod-web --no-such-option"),
    "a wrong command": (2, "no-such-command"),
    "an argument that is missing": (2, "failover"),
}


@pytest.mark.parametrize("name", STATUSES)
def test_exit_status(deployment: MockDeployment, protected: Engine, name: str) -> None:
    status, line = STATUSES[name]
    if line.startswith("--os-cloud"):
        deployment.set_site("site-b", available=False)
        line = line.partition("site-a ")[2]
    assert run_osc("protector", *line.split()).code == status


def test_the_exit_statuses_of_the_readme_are_those_that_are_tried() -> None:
    table = README.read_text(encoding="utf-8").partition("| exit status | |\n")[2].partition("\n\n")[0]
    documented = {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)}
    assert documented == {status for status, _ in STATUSES.values()} | {128 + signal.SIGINT}
