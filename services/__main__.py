"""The command line: `python -m services COMMAND`, each a module of `services.commands`."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys

from db.errors import PortalError

COMMANDS = {
    "migrate": "bring both databases to the present schema",
    "demo": "make the demo family",
    "import": "import members from another system, by a map",
    "daily": "destroy what is past its time, and do what else falls due by itself",
    "backup": "back up the data, and the keys apart from it",
    "restore": "put a backup back, with all that was done since",
    "rotate-keys": "wrap every member's key anew, under fresh keys of the stores",
    "rewrite": "write large tables anew, so that nothing destroyed is left in their files",
    "bounce": "record a mail that came back as undeliverable",
    "staff": "list, add, renew, train and end staff accounts",
    "webhook-secret": "print the secret by which a company checks our signature",
    "verify-ledger": "check the ledger against its seals, and name what was changed",
    "verify-proof": "check a member's proof or certificate; needs no database",
    "verify-export": "check an archive that a member took along; needs no database",
    "populate": "add made-up members, to measure a large installation",
    "promises": "print the promises, with the tests that prove each",
    "worker": "run the worker",
    "catalogue": "bring the Korean catalogue up to date with the messages in the code",
}
MODULES = {
    "import": "importing",
    "rotate-keys": "rotate_keys",
    "verify-export": "verify_export",
    "verify-ledger": "verify_ledger",
    "verify-proof": "verify_proof",
    "webhook-secret": "webhook_secret",
}
"""Commands whose name can't be a module's."""


def parser(wanted: str | None) -> argparse.ArgumentParser:
    """Return the parser; only the wanted command's module is loaded, so that each starts fast."""
    whole = argparse.ArgumentParser(prog="python -m services", description="The portal's commands.")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, what in COMMANDS.items():
        one = commands.add_parser(name, help=what)
        if name == wanted:
            module = importlib.import_module(f"services.commands.{MODULES.get(name, name)}")
            one.description = module.__doc__
            module.arguments(one)
            one.set_defaults(run=module.run)
    return whole


def main(given: list[str] | None = None) -> int:
    """Run one command; return 0, or 1 after a sentence that says what is wrong."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    given = sys.argv[1:] if given is None else given
    chosen = parser(given[0] if given else None).parse_args(given)
    try:
        return int(chosen.run(chosen) or 0)
    except PortalError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
