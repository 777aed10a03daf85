"""Plans of operations. A plan that is not accepted yet is what ``--dry-run`` prints."""

from __future__ import annotations

import argparse

from protectorclient.osc.v1.base import ProtectorCommand, print_plan


class ShowPlan(ProtectorCommand):
    """Print the plan that an operation follows"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="<operation>", help="id of the operation")
        parser.add_argument("-f", "--format", choices=("text", "json"), default="text", dest="formatter", help="[text]")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        plan = self.engine.operation_plan(parsed_args.operation)
        print_plan(self, plan, as_json=parsed_args.formatter == "json")
