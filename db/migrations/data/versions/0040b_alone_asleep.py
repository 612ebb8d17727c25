"""List children who sleep among those whom nobody may act for, and say how many there are.

A sleeping child whose guardian sleeps as well is not alone: the guardian can come back.
"""

from __future__ import annotations

from alembic import op

revision = "0040b"
down_revision = "0040"
branch_labels = None
depends_on = None

_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
_SIGNATURE = "ops.unguarded(uuid, date, int, int)"


def _acts(store: str, *guardians: str) -> str:
    """Return what `ops.may_guard` says of a link `g`, were the child awake, for all at once."""
    here = " union all ".join(
        f"""select from {one}.member p where p.member_id = g.guardian_id
                            and (p.turns_19_on is null or p.turns_19_on <= today)"""
        for one in guardians
    )
    return f"""g.started_on <= today and (g.ended_on is null or g.ended_on > today)
                    and not exists (
                        select from {store}.guardianship s
                        where s.member_id = g.member_id and s.guardian_id = g.guardian_id
                            and s.suspended_on <= today
                            and (s.suspended_until is null or s.suspended_until >= today)
                    ) and exists (
                        {here}
                    )"""


def _alone(store: str, asleep: str, *guardians: str) -> str:
    return f"""
        select m.member_id, (
                select max(coalesce(g.ended_on, g.suspended_on)) from {store}.guardianship g
                where g.member_id = m.member_id
            ) as last_ended, exists (
                select from {store}.guardianship g where g.member_id = m.member_id
                    and g.suspended_on <= today and (g.ended_on is null or g.ended_on > today)
                    and (g.suspended_until is null or g.suspended_until >= today)
            ) as suspended, {asleep} as asleep
        from {store}.member m
        where m.turns_14_on > today and {_OFFICER}
            and (m.unguarded_seen_on is null or m.unguarded_seen_on < (
                select max(coalesce(g.ended_on, g.suspended_on)) from {store}.guardianship g
                where g.member_id = m.member_id
            ))
            and not exists (
                select from {store}.guardianship g where g.member_id = m.member_id
                    and {_acts(store, *guardians)}
            )
    """  # noqa: S608 (constants)


_BEFORE = f"""
    create function ops.unguarded(staff uuid, today date, skip int, most int)
    returns table (member_id uuid, last_ended date, suspended boolean)
    language sql stable security definer set search_path = pg_catalog as $$
        select m.member_id, (
                select max(coalesce(g.ended_on, g.suspended_on)) from live.guardianship g
                where g.member_id = m.member_id
            ), exists (
                select from live.guardianship g where g.member_id = m.member_id
                    and g.suspended_on <= today and (g.ended_on is null or g.ended_on > today)
                    and (g.suspended_until is null or g.suspended_until >= today)
            )
        from live.member m
        where m.turns_14_on > today and {_OFFICER}
            and (m.unguarded_seen_on is null or m.unguarded_seen_on < (
                select max(coalesce(g.ended_on, g.suspended_on)) from live.guardianship g
                where g.member_id = m.member_id
            ))
            and not exists (
                select from live.guardianship g where g.member_id = m.member_id
                    and ops.may_guard(g.member_id, g.guardian_id, today)
            )
        order by 2 desc nulls last, 1 offset skip limit most
    $$
"""  # noqa: S608 (constants)
# A page without a row says all the same how many there are.
_NOW = f"""
    create function ops.unguarded(staff uuid, today date, skip int, most int)
    returns table (member_id uuid, last_ended date, suspended boolean, asleep boolean,
        everybody bigint, sleepers bigint)
    language sql stable security definer set search_path = pg_catalog as $$
        with alone as materialized (
            {_alone("live", "false", "live")}
            union all
            {_alone("dormant", "true", "live", "dormant")}
        )
        select page.*, counted.* from (
            select count(*), count(*) filter (where a.asleep) from alone a
        ) counted left join (
            select * from alone a order by a.asleep, a.last_ended desc nulls last, a.member_id
            offset skip limit most
        ) page on true
        order by page.asleep, page.last_ended desc nulls last, page.member_id
    $$
"""  # noqa: S608 (constants)


_SEEN_BEFORE = f"""
    create or replace function ops.see_unguarded(staff uuid, child uuid, today date) returns boolean
    language sql volatile security definer set search_path = pg_catalog as $$
        update live.member m set unguarded_seen_on = today
        where m.member_id = child and {_OFFICER} returning true
    $$
"""  # noqa: S608 (constants)
_HELPS = f"{_OFFICER} and ops.helps(staff, child)"
_SEEN = f"""
    create or replace function ops.see_unguarded(staff uuid, child uuid, today date)
    returns boolean
    language sql volatile security definer set search_path = pg_catalog as $$
        with awake as (
            update live.member set unguarded_seen_on = today
            where member_id = child and {_HELPS} returning true
        ), asleep as (
            update dormant.member set unguarded_seen_on = today
            where member_id = child and {_HELPS} returning true
        )
        select true from awake union all select true from asleep
    $$
"""  # noqa: S608 (constants)


def _list(function: str) -> None:
    op.execute(f"drop function {_SIGNATURE}")
    op.execute(function)
    op.execute(f"revoke execute on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to portal_web, portal_work")


def upgrade() -> None:
    """Look into both stores; an officer notes nothing of a child of their own family."""
    _list(_NOW)
    op.execute(_SEEN)


def downgrade() -> None:
    """Know only children who are awake."""
    op.execute(_SEEN_BEFORE)
    _list(_BEFORE)
