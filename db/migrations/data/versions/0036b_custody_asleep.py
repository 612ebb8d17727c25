"""What a paper says of a sleeping child's guardian is entered, and the child sleeps on."""

from __future__ import annotations

from alembic import op

revision = "0036b"
down_revision = "0036"
branch_labels = None
depends_on = None


def _begin(members: str, links: str) -> str:
    return f"""
    create or replace function ops.begin_custody(
        staff uuid, which uuid, matter uuid, at timestamptz, until timestamptz
    ) returns uuid
    language sql volatile security definer set search_path = pg_catalog, live, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, request_id
        )
        select gen_random_uuid(), m.member_id, staff, at,
            least(until, at + interval '30 minutes'), array['dispute_decide'], matter
        from ops."case" c join {members} m using (member_id)
        where c.case_id = which and c.closed_at is null and c.kind in ('call', 'recovery')
            and m.turns_14_on > (at at time zone 'Asia/Seoul')::date
            and exists (select from {links} g where g.member_id = m.member_id)
            and exists (
                select from ops.staff s
                where s.staff_id = staff and s.role = 'officer' and s.ended_at is null
            )
            and ops.helps(staff, m.member_id)
        returning case_id
    $$
    """  # noqa: S608 (our own words)


_MEMBERS = """(
    select member_id, turns_14_on from live.member
    union all select member_id, turns_14_on from dormant.member
)"""
_LINKS = """(
    select member_id from live.guardianship union all select member_id from dormant.guardianship
)"""
# Only in the officer's own running case about this child, which gives that right and no other.
_IN_HAND = """
    from ops."case" k where k.case_id = matter and k.staff_id = staff and k.closed_at is null
        and k.suspended_at is null and k.opened_at <= at and k.granted_until > at
        and k.permissions @> array['dispute_decide'] and ops.helps(staff, k.member_id)
"""
_GUARDIANS = f"""
    create function ops.guardians_asleep(staff uuid, matter uuid, at timestamptz, today date)
    returns table (guardian_id uuid, started_on date, ended_on date, proof boolean,
        suspended_on date, suspended_until date, acts boolean)
    language sql stable security definer set search_path = pg_catalog as $$
        select g.guardian_id, g.started_on, g.ended_on, g.proof, g.suspended_on,
            g.suspended_until, g.started_on <= today and (g.ended_on is null or g.ended_on > today)
            and not exists (
                select from dormant.guardianship s
                where s.member_id = g.member_id and s.guardian_id = g.guardian_id
                    and s.suspended_on <= today
                    and (s.suspended_until is null or s.suspended_until >= today)
            ) and exists (
                select from live.member p where p.member_id = g.guardian_id
                    and (p.turns_19_on is null or p.turns_19_on <= today)
            )
        from dormant.guardianship g
        where g.member_id = (select k.member_id {_IN_HAND})
        order by g.started_on
    $$
"""  # noqa: S608 (our own words)
_STOP = f"""
    create function ops.stop_asleep(
        staff uuid, matter uuid, at timestamptz, today date, guardian uuid, why text, since date,
        until date, ends boolean, new uuid, words bytea
    ) returns setof dormant.guardianship
    language sql volatile security definer set search_path = pg_catalog as $$
        with stopped as (
            update dormant.guardianship g set suspended_on = since, suspended_why = why,
                suspended_until = until, ended_on = case when ends then since else g.ended_on end
            where g.member_id = (select k.member_id {_IN_HAND}) and g.guardian_id = guardian
                and (g.ended_on is null or g.ended_on > today)
            returning g.*
        ), entered as (
            insert into dormant.dispute (member_id, dispute_id, why, opened_by, opened_at,
                decided_at, decided_by, outcome, answer)
            select distinct member_id, new, 'custody', staff, at, at, staff,
                case when ends then 'ended' else 'suspended' end, words
            from stopped
        )
        select * from stopped
    $$
"""  # noqa: S608 (our own words)
_FUNCTIONS = {
    "ops.guardians_asleep(uuid, uuid, timestamptz, date)": _GUARDIANS,
    "ops.stop_asleep(uuid, uuid, timestamptz, date, uuid, text, date, date, boolean, uuid, bytea)":
        _STOP,
}  # fmt: skip


def upgrade() -> None:
    """Let a case about a sleeping child begin, and an officer stop one of its guardians in it."""
    op.execute(_begin(_MEMBERS, _LINKS))
    for signature, made in _FUNCTIONS.items():
        op.execute(made)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")


def downgrade() -> None:
    """Know only children who are awake."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    op.execute(_begin("live.member", "live.guardianship"))
