"""Plans of operations. A plan that is not accepted yet is what ``--dry-run`` prints."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from protectorclient.osc.v1.base import GRAPHS, ProtectorCommand, add_output, emit

if TYPE_CHECKING:
    from protector import Plan


class ShowPlan(ProtectorCommand):
    """Print or draw the plan that an operation follows

    The drawing shows the plan alone; operation show --graph shows it with how each step stands.
    """

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="<operation>", help="id of the operation")
        form = parser.add_mutually_exclusive_group()
        form.add_argument(
            "-f",
            "--format",
            choices=("text", "json", *GRAPHS),
            default="text",
            dest="formatter",
            help="text or data, or a drawing of the steps; svg and html need nothing else [text]",
        )
        form.add_argument(
            "--graph",
            choices=GRAPHS,
            default=argparse.SUPPRESS,
            dest="formatter",
            help="as --format, for drawings alone; so it is called where operations are shown",
        )
        add_output(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        plan = self.engine.operation_plan(parsed_args.operation)
        emit(self, _form(plan, parsed_args.formatter), parsed_args.output)


def _form(plan: Plan, name: str) -> str:
    forms = {
        "text": plan.to_text,
        "json": lambda: plan.json,
        "mermaid": plan.to_mermaid,
        "dot": plan.to_dot,
        "svg": plan.to_svg,
        "html": plan.to_html,
    }
    return forms[name]()
