"""Pictures of plans and reports of operations, through the package and the commands, read by parsers of others."""

from __future__ import annotations

import html.parser
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from conftest import DATA, NETWORKS, run_osc

from protector import Engine, Plan
from protector.exceptions import InvalidRequest, NotFound
from protector.reports import OperationReport
from protector.testing import MockDeployment
from protector.values import Event

THERE = ("--network-mapping", "net-primary-web=net-secondary-web")
SVG = "{http://www.w3.org/2000/svg}"
HOSTILE = (
    '"]; click n0 "javascript:alert(1)"',
    "</text></title></style><script>alert(1)</script>",
    "]]> --> <!-- \" onload='x' & &amp; &#60; &nbsp;",
    "%%{init: {}}%%\nend\tx\r\n\x00\x1b[31m\u202e\uffff",
    "服务器 é 🖥",
)


class Page(html.parser.HTMLParser):
    """What a browser would make of a document: elements must nest, and nothing may run or be loaded."""

    VOID = frozenset({"meta"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []
        self.classes: set[str] = set()
        self.feed(text)
        self.close()
        assert self.open == []
        assert not {"script", "a", "img", "link", "iframe", "object", "form", "foreignobject"} & set(self.seen)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.open += [] if tag in self.VOID else [tag]
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("src", "href")
            if name == "class":
                self.classes |= set((value or "").split())

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        """Everything that can be read."""
        return " ".join(self.words)


@pytest.fixture
def failed(deployment: MockDeployment, protected: Engine) -> str:
    """A failover that stopped behind the point of no return."""

    def lose_the_site(event: Event) -> None:
        if event.title.startswith("clone") and event.state == "done":
            deployment.set_site("site-b", available=False)

    return protected.failover("prod-web", networks=NETWORKS, progress=lose_the_site).id


def test_documents_of_a_plan_are_well_formed(protected: Engine) -> None:
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    svg = ElementTree.fromstring(plan.to_svg())
    assert svg.tag == f"{SVG}svg"
    boxes = [each for each in svg.iter(f"{SVG}rect") if each.get("class") == "plan-box"]
    assert len(boxes) == len(plan.steps)
    assert ElementTree.fromstring(plan.to_html()).tag == "html"
    page = Page(plan.to_html())
    assert "planned failover of 'prod-web', site-a to site-b" in page.text
    assert "POINT OF NO RETURN" in page.text


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("steps", ["few", "many"])
def test_names_of_users_break_out_of_no_document(name: str, steps: str) -> None:
    file = DATA / ("graphs/large.json" if steps == "many" else "plans/planned_failover.json")
    data = json.loads(file.read_text(encoding="utf-8"))
    data = data.get("plan", data)
    calm = Plan.from_dict(data)
    data = data | {"group_name": name, "source": name, "steps": [step | {"title": name} for step in data["steps"]]}
    finding = {"code": "no_policy", "severity": "blocker", "message": name, "remedy": name, "consent": None}
    plan = Plan.from_dict(data | {"findings": [finding]})
    assert len(list(ElementTree.fromstring(plan.to_svg()).iter(f"{SVG}g"))) == len(
        list(ElementTree.fromstring(calm.to_svg()).iter(f"{SVG}g"))
    )
    ElementTree.fromstring(plan.to_html())
    assert Page(plan.to_html()).classes <= Page(calm.to_html()).classes | {"finding", "bad"}
    assert plan.to_mermaid().count("\n") == calm.to_mermaid().count("\n")


@pytest.mark.parametrize("command", [("plan", "show"), ("operation", "show")])
def test_commands_draw_each_format(protected: Engine, tmp_path: Path, command: tuple[str, str]) -> None:
    operation = protected.operation_list()[0].id
    begin = {"mermaid": "flowchart LR", "dot": "digraph plan {", "svg": "<svg ", "html": "<!DOCTYPE html>"}
    for form, first in begin.items():
        shown = run_osc("protector", *command, operation, "--graph", form)
        assert shown.code == 0, shown.err
        assert shown.out.startswith(first)
        file = tmp_path / f"picture.{form}"
        assert run_osc("dr", *command, operation, "--graph", form, "--output", str(file)).out == ""
        assert file.read_text(encoding="utf-8") == shown.out
        # the plan alone says nothing about steps, the operation does
        words = {"mermaid": 'done"]:::done', "dot": '\\ndone"', "svg": ">done<", "html": ">done<"}
        assert (words[form] in shown.out) == (command[0] == "operation")


def test_a_picture_shows_what_failed_and_what_is_left(protected: Engine, failed: str) -> None:
    shown = run_osc("protector", "operation", "show", failed, "--graph", "html")
    page = Page(shown.out)
    assert {"plan-done", "plan-failed", "plan-pending"} <= page.classes
    assert "Failed and skipped steps" in page.text
    mermaid = protected.operation_graph(failed)
    assert 'done"]:::done' in mermaid
    assert 'failed"]:::failed' in mermaid
    assert 'pending"]:::pending' in mermaid


def test_refusals_of_pictures(protected: Engine, tmp_path: Path) -> None:
    operation = protected.operation_list()[0].id
    with pytest.raises(InvalidRequest, match="png"):
        protected.operation_graph(operation, "png")  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        protected.operation_graph("op-nothing")
    with pytest.raises(NotFound):
        protected.operation_report("op-nothing")
    assert "--graph" in run_osc("protector", "operation", "show", operation, "--output", "x").err
    absent = str(tmp_path / "absent" / "drill.html")
    for words in (("plan", "show", operation, "--graph", "svg"), ("operation", "report", operation)):
        done = run_osc("protector", *words, "--output", absent)
        assert done.code == 1
        assert "What to do:" in done.err
    assert run_osc("protector", "operation", "report", operation, "--html", "--json").code == 2


def test_a_drill_is_reported_before_and_after_its_cleanup(protected: Engine, tmp_path: Path) -> None:
    run = lambda *words: run_osc("protector", *words)  # noqa: E731
    test = run("test-failover", "prod-web", *THERE, "-f", "json").json["id"]
    assert run("operation", "report", test).out.startswith("Drill worked and is not cleaned up: 1 of 1 servers ran, ")
    open_ids = run("operation", "report", test, "--json").json["things"]["left"]
    assert {kind: len(ids) for kind, ids in open_ids.items()} == {"servers": 1, "ports": 1, "volumes": 2, "clones": 2}

    assert run("test-cleanup", "prod-web").code == 0
    text = run("operation", "report", test).out
    assert text.startswith("Drill passed: 1 of 1 servers ran, recovery time ")
    assert text.splitlines()[0].endswith("(objective 15 min), everything removed")
    for ids in open_ids.values():
        assert all(f"{each}  removed" in text for each in ids)

    file = tmp_path / "drill.html"
    assert run_osc("dr", "operation", "report", test, "--html", "--output", str(file)).code == 0
    document = file.read_text(encoding="utf-8")
    page = Page(document)
    ElementTree.fromstring(document)
    assert text.splitlines()[0] in page.text
    assert {"verdict", "good", "plan-done"} <= page.classes
    assert "alarm" not in page.classes
    assert page.seen.count("svg") == 1
    for step in protected.operation_plan(test).steps:
        assert step.title in page.text


def test_a_report_of_a_failure_does_not_look_good(protected: Engine, failed: str) -> None:
    report = protected.operation_report(failed)
    assert (report.verdict, report.passed) == ("failed", False)
    assert report.headline.startswith("Planned failover failed: 0 of 1 servers ran, recovery time not known")
    assert report.recovery_time["seconds"].keys() == {"unknown"}
    assert report.members[0].up_at.keys() == {"unknown"}
    page = Page(report.to_html())
    assert {"alarm", "bad"} <= page.classes
    assert "good" not in page.classes
    assert OperationReport.from_json(report.json).to_text() == report.to_text()


def test_a_kept_report_with_hostile_names_is_shown_safely(protected: Engine) -> None:
    report = protected.operation_report(protected.operation_list()[0].id)
    for name in HOSTILE:
        data = report.to_dict() | {"group_name": name, "headline": name, "error": name}
        data["steps"] = [step | {"title": name, "error": name} for step in data["steps"]]
        kept = OperationReport.from_dict(data)
        Page(kept.to_html())
        ElementTree.fromstring(kept.to_html())
        assert "\x1b" not in kept.to_text()


def test_plans_and_reports_are_shown_in_notebooks(protected: Engine) -> None:
    plan = protected.plan_failover("prod-web", networks=NETWORKS)
    report = protected.operation_report(protected.sync("prod-web").id)
    assert [step.id for step in plan] == [step.id for step in plan.steps]
    for shown in (plan, report):
        forms = shown._repr_mimebundle_()
        assert forms["text/plain"] == shown.to_text()
        assert forms["text/html"] == shown._repr_html_()
        frame = ElementTree.fromstring(forms["text/html"].replace("<iframe sandbox", '<iframe sandbox=""'))
        # the page arrives whole, and only inside of the frame
        assert (frame.get("srcdoc") or "").split() == shown.to_html().split()
        assert not list(frame)
    assert plan._repr_mimebundle_()["image/svg+xml"] == plan.to_svg()
