"""Whole lives with backups and restores among them: all is as the model has it (P23)."""

from __future__ import annotations

import shutil
import tempfile
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as profile
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from db import aside, migrate, seal_keys
from db.settings import settings
from db.words import Store
from services import backup, journal_file, restore
from tests.services.test_lifecycle import Life, Person

if TYPE_CHECKING:
    from uuid import UUID

    from tests.database import PortalDb

DAY = timedelta(days=1)


@dataclass
class Copy:
    """A backup, and the model as it was."""

    file: Path
    at: datetime
    people: dict[UUID, Person] = field(default_factory=dict)


class LifeWithBackups(Life):
    """Everything of `Life`, and on some days a backup or a restore."""

    def __init__(self, db: PortalDb) -> None:
        super().__init__(db)
        self.folder = tempfile.TemporaryDirectory(prefix="jikim-test-")
        self.settings = settings().model_copy(update={"var": Path(self.folder.name)})
        shutil.copytree(db.var / "keys", self.settings.var / "keys")
        seal_keys.create(self.settings.var / "keys")
        journal_file.open_in(self.settings.var)
        self.copies: list[Copy] = []
        self.restores = 0

    def usable(self) -> list[Copy]:
        """Return the backups that may still be kept."""
        return [one for one in self.copies if one.at + backup.KEPT >= self.now]

    @precondition(lambda self: len(self.usable()) < 2)
    @rule()
    def back_up(self) -> None:
        file = self.settings.var / f"{len(self.copies)}.backup"
        backup.make(self.db.addresses, self.settings, file, self.now)
        self.copies.append(Copy(file, self.now, {p.who: deepcopy(p) for p in self.people}))

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.now += days * DAY
        self.daily_run(bounces=False)

    @precondition(lambda self: self.usable())
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        copy = data.draw(st.sampled_from(self.usable()))
        self.now += timedelta(minutes=1)
        self.db.work.dispose()
        self.db.web.dispose()
        wish = restore.Wish(copy.file, over=True)
        report = restore.run(self.db.addresses, self.settings, wish, self.now)
        assert (report.done.lost, report.done.unsure, report.differences.left) == (0, 0, 0)
        # Who joined later is lost; of who was there, what they used and what they were told.
        self.people = [one for one in self.people if one.who in copy.people]
        for one in self.people:
            self.forget_use(one, copy.people[one.who])
        self.restores += 1

    def forget_use(self, one: Person, then: Person) -> None:
        one.last_used = max(then.last_used, one.woken or date.min)
        if one.store is not Store.DORMANT:
            one.told = {}

    def teardown(self) -> None:
        journal_file.close()
        self.folder.cleanup()
        for url in self.db.addresses.owner:
            aside.give_up(url)
        migrate.upgrade(self.db.addresses)
        super().teardown()


@pytest.mark.promise("P23")
def test_lives_go_on_after_a_restore_as_if_nothing_had_been(portal_db: PortalDb) -> None:
    restores = 0

    class Here(LifeWithBackups):
        def __init__(self) -> None:
            super().__init__(portal_db)

        def teardown(self) -> None:
            nonlocal restores
            restores += self.restores
            super().teardown()

    run_state_machine_as_test(
        Here,
        settings=profile(
            max_examples=8, stateful_step_count=20, derandomize=True, deadline=None,
            phases=(Phase.generate,), suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
    assert restores >= 5
