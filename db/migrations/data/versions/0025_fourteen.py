"""A child comes of age at 14, a guardian at 19; disputes about a child, and who may act for it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_WHEN = sa.DateTime(timezone=True)
_MEMBER = ("turns_19_on", "unclaimed_on", "answers_until", "unguarded_seen_on")
_OFFICER = (
    "exists (select from ops.staff s "
    "where s.staff_id = staff and s.role = 'officer' and s.ended_at is null)"
)
# Who may act for a child today: one answer for every door. A suspension covers every link of the
# two, later ones too.
_MAY_GUARD = """
    create function ops.may_guard(child uuid, guardian uuid, today date) returns boolean
    language sql stable security definer set search_path = pg_catalog as $$
        select exists (
            select from live.guardianship g join live.member c using (member_id)
            where g.member_id = child and g.guardian_id = guardian and g.started_on <= today
                and (g.ended_on is null or g.ended_on > today) and c.turns_14_on > today
        ) and not exists (
            select from live.guardianship s
            where s.member_id = child and s.guardian_id = guardian and s.suspended_on <= today
                and (s.suspended_until is null or s.suspended_until >= today)
        ) and exists (
            select from live.member p
            where p.member_id = guardian and (p.turns_19_on is null or p.turns_19_on <= today)
        )
    $$
"""
# The portal may ask it of its own subject alone.
_GUARDS = """
    create function ops.guards(child uuid, guardian uuid, today date) returns boolean
    language sql stable security definer set search_path = pg_catalog as $$
        select (
            session_user <> 'portal_web'
            or nullif(current_setting('portal.subject', true), '')::uuid in (child, guardian)
        ) and ops.may_guard(child, guardian, today)
    $$
"""
_WARDS = """
    create or replace function ops.wards(who uuid, today date)
    returns table (child uuid, started_on date, others bigint)
    language sql stable security definer set search_path = pg_catalog as $$
        select g.member_id, min(g.started_on), (
            select count(distinct o.guardian_id) from live.guardianship o
            where o.member_id = g.member_id and o.guardian_id <> who and o.started_on <= today
                and (o.ended_on is null or o.ended_on > today) and not exists (
                    select from live.guardianship s
                    where s.member_id = o.member_id and s.guardian_id = o.guardian_id
                        and s.suspended_on <= today
                        and (s.suspended_until is null or s.suspended_until >= today)
                )
        )
        from live.guardianship g
        where g.guardian_id = who and ops.guards(g.member_id, who, today)
            and who = nullif(current_setting('portal.subject', true), '')::uuid
        group by g.member_id order by 2, 1
    $$
"""
_WARDS_BEFORE = """
    create or replace function ops.wards(who uuid, today date)
    returns table (child uuid, started_on date, others bigint)
    language sql stable security definer set search_path = pg_catalog as $$
        select g.member_id, min(g.started_on), (
            select count(distinct o.guardian_id) from live.guardianship o
            where o.member_id = g.member_id and o.guardian_id <> who and o.started_on <= today
                and (o.ended_on is null or o.ended_on > today)
        )
        from live.guardianship g join live.member c using (member_id)
        where g.guardian_id = who and g.started_on <= today
            and (g.ended_on is null or g.ended_on > today) and c.turns_14_on > today
            and who = nullif(current_setting('portal.subject', true), '')::uuid
        group by g.member_id order by 2, 1
    $$
"""
_FAMILY = """
    create function ops.family(who uuid, viewer uuid, today date)
    returns table (
        child uuid, number bigint, mine boolean, started_on date, ended_on date, means text,
        proof boolean, reason text, consented_at timestamptz, turns_14_on date,
        suspended_on date, acts boolean
    )
    language sql stable security definer set search_path = pg_catalog as $$
        with link as (
            select g.*, min(g.started_on) over (partition by g.member_id, g.guardian_id) as first
            from live.guardianship g
        ), numbered as (
            select l.*, dense_rank() over (
                partition by l.member_id order by l.first, l.guardian_id
            ) as number
            from link l
            where l.member_id = who or exists (
                select from live.guardianship o
                where o.member_id = l.member_id and o.guardian_id = who
            )
        )
        select n.member_id, n.number, n.guardian_id = viewer, n.started_on, n.ended_on, n.means,
            n.proof, n.reason, (
                select c.decided_at from live.consent c
                where c.member_id = n.member_id and c.consent_id = n.consent_id
            ), m.turns_14_on,
            -- Of another guardian nobody learns more than that they may not act.
            case when n.suspended_on <= today
                and (n.suspended_until is null or n.suspended_until >= today)
                then n.suspended_on end,
            ops.may_guard(n.member_id, viewer, today)
        from numbered n join live.member m using (member_id)
        where who = nullif(current_setting('portal.subject', true), '')::uuid and (
            n.member_id = who or n.guardian_id = who or (
                ops.may_guard(n.member_id, who, today)
            )
        )
        order by n.member_id, n.number, n.started_on
    $$
"""
_FAMILY_BEFORE = """
    create function ops.family(who uuid, viewer uuid, today date)
    returns table (
        child uuid, number bigint, mine boolean, started_on date, ended_on date, means text,
        proof boolean, reason text, consented_at timestamptz, turns_14_on date
    )
    language sql stable security definer set search_path = pg_catalog as $$
        with link as (
            select g.*, min(g.started_on) over (partition by g.member_id, g.guardian_id) as first
            from live.guardianship g
        ), numbered as (
            select l.*, dense_rank() over (
                partition by l.member_id order by l.first, l.guardian_id
            ) as number
            from link l
            where l.member_id = who or exists (
                select from live.guardianship o
                where o.member_id = l.member_id and o.guardian_id = who
            )
        )
        select n.member_id, n.number, n.guardian_id = viewer, n.started_on, n.ended_on, n.means,
            n.proof, n.reason, (
                select c.decided_at from live.consent c
                where c.member_id = n.member_id and c.consent_id = n.consent_id
            ), m.turns_14_on
        from numbered n join live.member m using (member_id)
        where who = nullif(current_setting('portal.subject', true), '')::uuid and (
            n.member_id = who or n.guardian_id = who or (
                m.turns_14_on > today and exists (
                    select from live.guardianship o
                    where o.member_id = n.member_id and o.guardian_id = who
                        and o.started_on <= today and (o.ended_on is null or o.ended_on > today)
                )
            )
        )
        order by n.member_id, n.number, n.started_on
    $$
"""
_FAMILY_SIGNATURE = "ops.family(uuid, uuid, date)"
_COUNTED = (
    "device", "service_use", "consent", "disclosure", "restriction", "guardianship", "request",
    "evidence", "pending_value", "inbox", "demand",
)  # fmt: skip


def _held_in(store: str, tables: tuple[str, ...]) -> str:
    return f"""
        select 'profile_value' as part, item as kind, count(*) as count,
            null::date as first_end, null::date as last_end
        from {store}.profile_value where member_id = who and sealed is not null group by item
        union all
        select case when ends_on < today then 'record_over' else 'record' end, kind,
            count(*), min(ends_on), max(ends_on)
        from {store}.record where member_id = who group by 1, 2
        union all
        select 'open_request', null, count(*), null, null
        from {store}.request where member_id = who and state = 'open'
    """ + "".join(  # noqa: S608 (a constant)
        f"""
        union all select '{table}', null, count(*), null, null
        from {store}.{table} where member_id = who
        """  # noqa: S608 (a constant)
        for table in tables
    )


def _held(tables: tuple[str, ...], children: str) -> str:
    return f"""
    create or replace function ops.held(who uuid, today date)
    returns table (part text, kind text, count bigint, first_end date, last_end date)
    language sql stable security definer set search_path = pg_catalog as $$
        select part, kind, sum(count)::bigint, min(first_end), max(last_end) from (
            {_held_in("live", tables)}
            union all {_held_in("dormant", tables)}
            union all
            select 'children', null, count(*), null, null
            {children}
        ) held
        where who = nullif(current_setting('portal.subject', true), '')::uuid
        group by part, kind
    $$
"""  # noqa: S608 (a constant)


_CHILDREN = """from live.guardianship g
            where g.guardian_id = who and ops.guards(g.member_id, who, today)"""
_CHILDREN_BEFORE = """from live.guardianship g join live.member c using (member_id)
            where g.guardian_id = who and (g.ended_on is null or g.ended_on > today)
                and c.turns_14_on > today"""
_DISPUTES = f"""
    create function ops.open_disputes(staff uuid)
    returns table (
        member_id uuid, dispute_id uuid, why text, by_child boolean, opened_at timestamptz,
        guardians bigint, taken_by uuid, taken_until timestamptz
    )
    language sql stable security definer set search_path = pg_catalog, live, ops as $$
        select d.member_id, d.dispute_id, d.why, d.opened_by = d.member_id, d.opened_at,
            (select count(distinct g.guardian_id) from live.guardianship g
                where g.member_id = d.member_id),
            c.staff_id, c.granted_until
        from live.dispute d
        left join lateral (
            select staff_id, granted_until from ops."case" c
            where c.request_id = d.dispute_id and c.closed_at is null
            order by c.granted_until desc limit 1
        ) c on true
        where d.decided_at is null and {_OFFICER}
        order by d.opened_at, d.dispute_id
    $$
"""  # noqa: S608 (a constant)
# As with requests: only an open dispute makes a case, with no right but to decide it.
_TAKE = f"""
    create function ops.take_dispute(
        staff uuid, member uuid, dispute uuid, at timestamptz, until timestamptz
    ) returns uuid
    language sql volatile security definer set search_path = pg_catalog, live, ops as $$
        insert into ops."case" (
            case_id, member_id, staff_id, opened_at, granted_until, permissions, request_id
        )
        select gen_random_uuid(), d.member_id, staff, at,
            least(until, at + interval '30 minutes'), array['dispute_decide'], d.dispute_id
        from live.dispute d
        where d.member_id = member and d.dispute_id = dispute and d.decided_at is null
            and {_OFFICER}
            and not exists (
                select 1 from ops."case" c where c.request_id = dispute and c.closed_at is null
                and c.granted_until > at and c.staff_id <> staff
            )
        returning case_id
    $$
"""  # noqa: S608 (a constant)
_UNGUARDED = f"""
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
"""  # noqa: S608 (a constant)
# An officer says that a child without a guardian was looked after; a later end brings it back.
_SEEN = f"""
    create function ops.see_unguarded(staff uuid, child uuid, today date) returns boolean
    language sql volatile security definer set search_path = pg_catalog as $$
        update live.member m set unguarded_seen_on = today
        where m.member_id = child and {_OFFICER} returning true
    $$
"""  # noqa: S608 (a constant)
_LIFT = f"""
    create function ops.lift_suspensions(staff uuid, child uuid, today date)
    returns setof live.guardianship
    language sql volatile security definer set search_path = pg_catalog as $$
        update live.guardianship set suspended_until = today - 1
        where member_id = child and suspended_on <= today
            and (suspended_until is null or suspended_until >= today) and {_OFFICER}
        returning *
    $$
"""  # noqa: S608 (a constant)
_FUNCTIONS = {
    "ops.may_guard(uuid, uuid, date)": _MAY_GUARD,
    "ops.guards(uuid, uuid, date)": _GUARDS,
    "ops.open_disputes(uuid)": _DISPUTES,
    "ops.take_dispute(uuid, uuid, uuid, timestamptz, timestamptz)": _TAKE,
    "ops.unguarded(uuid, date, int, int)": _UNGUARDED,
    "ops.see_unguarded(uuid, uuid, date)": _SEEN,
    "ops.lift_suspensions(uuid, uuid, date)": _LIFT,
}


def _columns(schema: str) -> None:
    for name in _MEMBER:
        op.add_column("member", sa.Column(name, sa.Date()), schema=schema)
    op.create_index(
        "ix_member_turns_14_on", "member", ["turns_14_on"],
        schema=schema, postgresql_where=sa.text("turns_14_on is not null"),
    )  # fmt: skip
    for name in ("suspended_on", "suspended_until"):
        op.add_column("guardianship", sa.Column(name, sa.Date()), schema=schema)
    op.add_column("guardianship", sa.Column("suspended_why", sa.Text()), schema=schema)
    op.create_check_constraint(
        op.f("ck_guardianship_suspended_why"), "guardianship",
        "suspended_why in ('court_order', 'removal', 'custody_end', 'desk')", schema=schema,
    )  # fmt: skip
    op.create_check_constraint(
        op.f("ck_guardianship_suspended"), "guardianship",
        "(suspended_on is null) = (suspended_why is null) "
        "and (suspended_until is null or suspended_until >= suspended_on - 1)",
        schema=schema,
    )  # fmt: skip


def _dispute(schema: str) -> None:
    op.create_table(
        "dispute",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", _WHEN, nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("decided_at", _WHEN),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("outcome", sa.Text()),
        sa.Column("answer", sa.LargeBinary()),
        sa.CheckConstraint(
            "why in ('custody', 'not_guardian', 'fear', 'other')", name=op.f("ck_dispute_why")
        ),
        sa.CheckConstraint(
            "outcome in ('kept', 'suspended', 'ended', 'grown')", name=op.f("ck_dispute_outcome")
        ),
        sa.CheckConstraint(
            "(decided_at is null) = (outcome is null)", name=op.f("ck_dispute_decided")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], [f"{schema}.member.member_id"],
            name=op.f("fk_dispute_member_id_member"), ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("member_id", "dispute_id", name=op.f("pk_dispute")),
        schema=schema,
    )  # fmt: skip
    op.create_index(
        "uq_dispute_open", "dispute", ["member_id", "opened_by"],
        unique=True, schema=schema, postgresql_where=sa.text("decided_at is null"),
    )  # fmt: skip
    table = f"{schema}.dispute"
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"create policy work on {table} to portal_work using (true) with check (true)")
    op.execute(f"grant select, insert, update, delete on {table} to portal_work")


def _family(function: str) -> None:
    """Make `ops.family` anew: what it returns changes."""
    op.execute(f"drop function {_FAMILY_SIGNATURE}")
    op.execute(function)
    op.execute(f"revoke execute on function {_FAMILY_SIGNATURE} from public")
    op.execute(f"grant execute on function {_FAMILY_SIGNATURE} to portal_web, portal_work")


def upgrade() -> None:
    """Make columns, table, functions and grants."""
    for schema in _STORES:
        _columns(schema)
        _dispute(schema)
    op.execute(
        f"create policy subject on live.dispute to portal_web using ({_MINE}) with check ({_MINE})"
    )
    op.execute("grant select, insert, update on live.dispute to portal_web")
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        web = "" if "may_guard" in signature else "portal_web, "
        op.execute(f"grant execute on function {signature} to {web}portal_work")
    op.execute(_WARDS)
    _family(_FAMILY)
    op.execute(_held((*_COUNTED, "dispute"), _CHILDREN))


def downgrade() -> None:
    """Drop them; disputes and suspensions are lost, so that who was suspended may act again."""
    op.execute(_WARDS_BEFORE)
    _family(_FAMILY_BEFORE)
    op.execute(_held(_COUNTED, _CHILDREN_BEFORE))
    for signature in reversed(_FUNCTIONS):
        op.execute(f"drop function {signature}")
    for schema in _STORES:
        op.drop_table("dispute", schema=schema)
        for name in ("ck_guardianship_suspended", "ck_guardianship_suspended_why"):
            op.drop_constraint(name, "guardianship", schema=schema)
        for name in ("suspended_why", "suspended_until", "suspended_on"):
            op.drop_column("guardianship", name, schema=schema)
        op.drop_index("ix_member_turns_14_on", "member", schema=schema)
        for name in reversed(_MEMBER):
            op.drop_column("member", name, schema=schema)
