"""Plans of operations. A plan that is not accepted yet is what ``--dry-run`` prints."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient.osc.v1.base import ProtectorCommand, add_graph, emit

if TYPE_CHECKING:
    from protector import Plan


class ShowPlan(ProtectorCommand):
    """Print or draw the plan that an operation follows

    The drawing shows the plan alone; operation show --graph shows it with how each step stands.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="<operation>", help="id of the operation")
        parser.add_argument("-f", "--format", choices=("text", "json"), default="text", dest="formatter", help="[text]")
        add_graph(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        plan = self.engine.operation_plan(parsed_args.operation)
        emit(self, self._form(plan, parsed_args), parsed_args.output)

    def _form(self, plan: Plan, parsed_args: argparse.Namespace) -> str:
        match parsed_args.graph or parsed_args.formatter:
            case "mermaid":
                return plan.to_mermaid()
            case "dot":
                return plan.to_dot()
            case "svg":
                return plan.to_svg()
            case "html":
                return plan.to_html()
            case "json":
                return plan.json
        return plan.to_text()
