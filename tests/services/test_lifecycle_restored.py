"""Whole lives with backups and restores among them: all is as the model has it (P23)."""

from __future__ import annotations

import shutil
from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from db import aside, migrate, seal_keys
from db.settings import settings
from db.words import Noted, Store
from services import backup, journal_file, restore
from tests.folders import folder
from tests.services.test_lifecycle import Life, Person

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.database import PortalDb

DAY = timedelta(days=1)
CLEARED = st.sampled_from(["phone", "sex"])
ACTS = (
    "correct", "clear", "consent", "use", "days", "days", "days", "wake", "wake", "leave",
    "leave asleep",
)  # fmt: skip


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
        self.folder = folder()
        self.settings = settings().model_copy(update={"var": Path(self.folder.name)})
        shutil.copytree(db.var / "keys", self.settings.var / "keys")
        seal_keys.create(self.settings.var / "keys")
        journal_file.open_in(self.settings.var)
        self.copies: list[Copy] = []
        self.again: Counter[Noted] = Counter()

    def usable(self) -> list[Copy]:
        """Return the backups that may still be kept."""
        return [one for one in self.copies if one.at + backup.KEPT >= self.now]

    def back_up(self) -> None:
        file = self.settings.var / f"{len(self.copies)}.backup"
        backup.make(self.db.addresses, self.settings, file, self.now)
        self.copies.append(Copy(file, self.now, {p.who: deepcopy(p) for p in self.people}))

    def some_days(self, days: int) -> None:
        self.now += days * DAY
        self.daily_run(bounces=False)

    def bad_days(self, data: st.DataObject) -> None:
        """Let things happen between a backup and the restore of it, or of the one before."""
        while sum(one.store is Store.LIVE for one in self.people) < 4:
            self.join(pays=data.draw(st.booleans()), visits=True)
        for days in data.draw(st.sampled_from([(1,), (366, 1), (340, 20)])):
            self.some_days(days)
        self.back_up()
        for what in data.draw(st.permutations(ACTS)):
            self.now += timedelta(minutes=1)
            self.act(what, data)
        self.restore(data.draw(st.sampled_from(self.usable())))

    def act(self, what: str, data: st.DataObject) -> None:
        """Do one thing; it may turn out that there is nobody to do it with."""
        acts: dict[str, Callable[[], object]] = {
            "correct": lambda: self.correct(data=data, text=f"겨울{self.now}"),
            "clear": lambda: self.clear(
                data=data, item=data.draw(st.sampled_from(["phone", "sex"]))
            ),
            "consent": lambda: self.consent(data=data, yes=data.draw(st.booleans())),
            "use": lambda: self.used(data=data),
            "days": lambda: self.some_days(data.draw(st.integers(1, 6))),
            "wake": lambda: self.wake(data=data),
            "leave": lambda: self.leave(data=data, store=Store.LIVE),
            "leave asleep": lambda: self.leave(data=data, store=Store.DORMANT),
        }
        if self.now < self.copies[-1].at + 20 * DAY or what != "days":
            acts[what]()

    def restore(self, copy: Copy) -> None:
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
        self.again.update(report.done.again)

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
    again: Counter[Noted] = Counter()

    @profile(max_examples=3, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
    @given(st.data())
    def live(data: st.DataObject) -> None:
        life = LifeWithBackups(portal_db)
        try:
            for _ in range(4):
                life.bad_days(data)
                life.everybody_is_where_and_as_the_policy_says()
        finally:
            life.teardown()
            again.update(life.again)

    live()
    assert again.keys() >= {
        Noted.CORRECTED, Noted.CLEARED, Noted.CONSENT, Noted.WITHDRAWN, Noted.SEPARATED,
        Noted.REACTIVATED, Noted.DESTROYED,
    }, f"all of it was to be done again somewhere: {again}"  # fmt: skip
