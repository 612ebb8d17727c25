"""The command line: `python -m services COMMAND`. Each command is a module of `services.commands`."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys

from db.errors import PortalError

COMMANDS = {
    "migrate": "bring both databases to the present schema",
    "demo": "make the demo family",
    "import": "import members: SOURCE (database address or folder of CSV files) and MAP (TOML)",
    "promises": "print the promises, with the tests that prove each",
    "worker": "run the worker",
    "catalogue": "bring the Korean catalogue up to date with the messages in the code",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in COMMANDS.items():
        module = importlib.import_module(f"services.commands.{name.replace('import', 'importing')}")
        one = commands.add_parser(name, help=what, description=module.__doc__)
        module.arguments(one)
        one.set_defaults(run=module.run)
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0, or 1 after a sentence that says what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen) or 0)
    except PortalError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
