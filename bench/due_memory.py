"""Whether the memory of a day's work follows how many are due: in a process of its own each time.

`python -m bench.due_memory VAR` is that process: it does two days and prints its peak.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench import many_due
from bench.archive import peak
from bench.installation import installation
from bench.timing import Measure
from db import embedded, engines, keyring
from db.words import Store
from services import destruction, dormancy, journal_file
from services.house import House


def measure() -> dict[str, Measure]:
    """Return the peak with 10,000 due beside that with 2,000."""
    few, many = (_with(due) for due in (many_due.DUE // 5, many_due.DUE))
    return {"day_memory_of_many_due": Measure(many, few, round(many / few, 3), "MiB")}


def _with(due: int) -> float:
    with installation() as place:
        many_due.fill(place, 10 * due, many_due.DAYS * due, due)
        said = subprocess.run(  # noqa: S603 (our own program)
            [sys.executable, "-m", "bench.due_memory", place.var], check=True, capture_output=True
        )
        return float(said.stdout)


def main() -> None:
    """Do what two days bring, and print the peak in MiB."""
    var = Path(sys.argv[1])
    addresses = engines.embedded_addresses(embedded.start(var, durable=False), var)
    databases = engines.connect(addresses.roles["portal_work"])
    house = House(databases, keyring.load(var / "keys", tuple(Store)))
    journal_file.open_in(var)
    for day in (0, 1):
        for _moved in dormancy.separate(house, many_due.at(day)):
            pass
        destruction.run(databases, many_due.at(day))
    print(peak())


if __name__ == "__main__":
    main()
