"""A caller looked up, and their case opened, among many members and cases (P31)."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, text
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench import serving
from bench.installation import installation, member
from bench.many import fill
from bench.tab import PATIENCE, Place, Tab
from bench.timing import Measure, in_turn
from db.clock import now, seoul_day
from db.sealing import digest
from db.tables.cases import lookup
from db.tables.ops import session, staff
from db.words import StaffRole
from pages.http.names import SESSION_COOKIE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from streamlit.proto.Element_pb2 import Element

    from bench.installation import Installation

_ROUNDS: Final = 60
_WARM: Final = 5
_EARLY: Final = "FINISHED_EARLY_FOR_RERUN"
# One in five is open; each member has one open case at a time.
_CASES: Final = text(
    """
    insert into ops."case" (case_id, member_id, staff_id, opened_at, granted_until, permissions,
        kind, case_no, channel, caller, asked, received_on, due_on, closed_at, outcome)
    select gen_random_uuid(), m.member_id, :staff, now(), now(), '{}', 'call',
        'B' || row_number() over (order by m.member_id), 'phone', 'self', '{see}',
        current_date, current_date + (row_number() over (order by m.member_id))::int % 20,
        case when row_number() over (order by m.member_id) % 5 = 0 then null else now() end,
        case when row_number() over (order by m.member_id) % 5 = 0 then null else 'done' end
    from (select member_id from live.member order by member_id limit :most) m
    """
)


def measure(members: int, cases: int) -> dict[str, Measure]:
    """Return the median look-up, and the opening of a case, each beside a stock empty page."""
    with installation() as place:
        fill(place, members, seed=5, records=1)
        somebody = _staff(place)
        _fill_cases(place, cases)
        callers = [member(records=3) for _ in range(_ROUNDS + _WARM)]
        place.join(callers)
        place.settle()
        emails = [one.values[-3].value for one in callers]
        with serving.stock() as stock, serving.portal(place.var) as ours:
            desk = Place(ours, "desk-cases", _cookie(place, somebody))
            with Tab(Place(stock)) as empty:
                found = _look_up(place, desk, empty, emails)
                opened = _open(place, desk, empty, emails)
    return {
        f"look_up_among_{members}_members_beside_stock_empty_page": found,
        f"case_opened_among_{cases}_cases_beside_stock_empty_page": opened,
    }


def _look_up(place: Installation, desk: Place, empty: Tab, emails: list[str]) -> Measure:
    with Tab(desk) as own:
        own.rerun()
        typed = iter(emails)

        def look_up() -> None:
            _through(own, _asked(own, {"case_typed": next(typed)}, "찾아보기"))
            if b"case-found" not in b"".join(own.raw):
                msg = "nobody was found, so its time means nothing"
                raise RuntimeError(msg)

        found = Measure.of(*in_turn([look_up, empty.rerun], _ROUNDS, warm=_WARM))
    _forget_lookups(place)
    return found


def _open(place: Installation, desk: Place, empty: Tab, emails: list[str]) -> Measure:
    """Each time in a tab of its own that has looked somebody up; that alone is not counted."""
    tabs: list[Tab] = []
    try:
        for email in emails:
            own = Tab(desk).__enter__()
            tabs.append(own)
            own.rerun()
            _through(own, _asked(own, {"case_typed": email}, "찾아보기"))
        waiting = iter(tabs)

        def open_case() -> None:
            own = next(waiting)
            _through(own, _asked(own, {"case_asked": ["내 정보 보기"]}, "상담 열기"))
            if b"case-check" not in b"".join(own.raw):
                msg = "no case was opened, so its time means nothing"
                raise RuntimeError(msg)

        return Measure.of(*in_turn([open_case, empty.rerun], _ROUNDS, warm=_WARM))
    finally:
        for own in tabs:
            own.__exit__()
        _forget_lookups(place)


def _staff(place: Installation) -> UUID:
    staff_id, today = uuid4(), seoul_day(now())
    stands = today + timedelta(days=30)
    row = {
        "staff_id": staff_id, "staff_no": "B-1", "login_id": "bench", "role": StaffRole.AGENT,
        "assigned_until": stands, "trained_until": stands, "password_set_on": today,
    }  # fmt: skip
    with place.work.data.begin() as data:
        data.execute(insert(staff).values(row))
    return staff_id


def _fill_cases(place: Installation, most: int) -> None:
    """Give all but the newest their cases, in a colleague's hand."""
    other = uuid4()
    row = {"staff_id": other, "staff_no": "B-2", "login_id": "other", "role": StaffRole.AGENT}
    with place.work.data.begin() as data:
        data.execute(insert(staff).values(row))
    with place.owner.data.begin() as data:
        data.execute(_CASES, {"staff": other, "most": most})


def _cookie(place: Installation, staff_id: UUID) -> str:
    token, at = secrets.token_urlsafe(16), now()
    row = {
        "session_id": uuid4(), "token_digest": digest(token), "staff_id": staff_id,
        "started_at": at, "last_active_at": at, "signed_in_at": at, "verified_at": at,
    }  # fmt: skip
    with place.work.data.begin() as data:
        data.execute(insert(session).values(row))
    return f"{SESSION_COOKIE[False]}={token}"


def _forget_lookups(place: Installation) -> None:
    with place.work.data.begin() as data:
        data.execute(delete(lookup))


def _elements(tab: Tab) -> Iterator[Element]:
    for message in tab.messages():
        if message.HasField("delta") and message.delta.HasField("new_element"):
            yield message.delta.new_element


def _asked(tab: Tab, fields: dict[str, str | list[str]], button: str) -> bytes:
    """Return what a browser sends when a form was filled and sent; a key may go on with whose."""
    asked = BackMsg.FromString(tab.place.rerun)
    states = asked.rerun_script.widget_states.widgets
    for one in _elements(tab):
        kind = one.WhichOneof("type")
        widget = getattr(one, str(kind))
        name = str(getattr(widget, "id", ""))
        for key, value in fields.items():
            named = re.search(rf"-{key}(_[A-Z2-7]{{4}}-[A-Z2-7]{{4}})?$", name)
            if named and isinstance(value, str):
                states.add(id=name, string_value=value)
            elif named:
                states.add(id=name).string_array_value.data.extend(value)
        if kind == "button" and widget.label == button:
            states.add(id=name, trigger_value=True)
    return bytes(asked.SerializeToString())


def _through(tab: Tab, asked: bytes) -> None:
    """Send it and wait for the end, of the run that follows too if it starts one."""
    tab.raw = []
    tab.socket.send(asked)
    while True:
        raw = tab.socket.recv(timeout=PATIENCE)
        tab.raw.append(raw if isinstance(raw, bytes) else raw.encode())
        message = ForwardMsg.FromString(tab.raw[-1])
        if message.WhichOneof("type") != "script_finished":
            continue
        how = ForwardMsg.ScriptFinishedStatus.Name(message.script_finished)
        if how != _EARLY:
            return
