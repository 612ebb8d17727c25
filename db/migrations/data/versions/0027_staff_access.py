"""The register of who of the staff could see members' data: the database itself writes it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_KINDS = (
    "'cleared', 'corrected', 'consent', 'restricted', 'requested', 'disclosed', 'told', "
    "'password_set', 'withdrawn', 'separated', 'reactivated', 'held', 'hold_lifted', "
    "'import_confirmed', 'destroyed', 'barred', 'bar_objected', 'bar_kept', 'bar_lifted', "
    "'backed_up'"
)
_OFFICER = "s.role = 'officer' and s.ended_at is null"
_ADDED = "staff_id, staff_no, login_id, role, assigned_until, password_hash, password_given_at"
_CHANGED = "role, assigned_until, trained_until, ended_at, password_given_at"
# What the transaction says of a change stands in a setting: by whom, when, why.
_TOLD = "coalesce(nullif(current_setting('portal.staff_change', true), ''), '{}')::jsonb"
_RULES = f"""
    create function ops.staff_rules() returns trigger
    language plpgsql security definer set search_path = pg_catalog, ops as $$
    declare
        whom uuid := ({_TOLD} ->> 'by')::uuid;
        was ops.staff := case when tg_op = 'UPDATE' then old end;
    begin
        if session_user = 'portal_web' and not exists (
            select from ops.staff s where s.staff_id = whom and {_OFFICER}
        ) then
            raise exception 'only an officer changes who may work'
                using errcode = 'insufficient_privilege';
        end if;
        if whom = new.staff_id and (
            new.role, new.assigned_until, new.trained_until, new.password_given_at
        ) is distinct from (
            was.role, was.assigned_until, was.trained_until, was.password_given_at
        ) then
            raise exception 'nobody prolongs their own access'
                using errcode = 'check_violation', constraint = 'ck_staff_own';
        end if;
        if was.role = 'officer' and was.ended_at is null
            and (new.role <> 'officer' or new.ended_at is not null)
        then
            -- Two officers who end each other at once: the second waits here, and sees the first.
            perform pg_advisory_xact_lock(hashtext('ops.staff.officer'));
            if not exists (
                select from ops.staff s where s.staff_id <> new.staff_id and {_OFFICER}
            ) then
                raise exception 'the last officer stays'
                    using errcode = 'check_violation', constraint = 'ck_staff_last_officer';
            end if;
        end if;
        return new;
    end $$
"""  # noqa: S608 (our own words)
_WRITTEN = f"""
    create function ops.write_staff_access() returns trigger
    language plpgsql security definer set search_path = pg_catalog, ops as $$
    declare
        told jsonb := {_TOLD};
        at_ timestamptz := coalesce((told ->> 'at')::timestamptz, now());
        was ops.staff := case when tg_op = 'UPDATE' then old end;
    begin
        insert into ops.staff_access
            (access_id, staff_id, at, change, role, until, changed_by, held_on, what, why)
        select gen_random_uuid(), new.staff_id, at_, change, new.role, until_,
            (told ->> 'by')::uuid,
            case when change = 'trained' then (told ->> 'held_on')::date end,
            case when change = 'trained' then told ->> 'what' end, told ->> 'why'
        from (values
            ('granted', new.assigned_until, tg_op = 'INSERT' or (was.ended_at is not null
                and new.ended_at is null)),
            ('role', null, tg_op = 'UPDATE' and new.role <> was.role),
            ('assigned', new.assigned_until,
                tg_op = 'UPDATE' and new.assigned_until is distinct from was.assigned_until),
            ('trained', new.trained_until, new.trained_until is distinct from was.trained_until),
            ('password_given', null,
                tg_op = 'UPDATE' and new.password_given_at is distinct from was.password_given_at),
            ('ended', null, new.ended_at is not null and was.ended_at is null)
        ) as happened (change, until_, holds)
        where holds;
        if new.ended_at is not null and was.ended_at is null then
            update ops."case" set closed_at = at_
            where staff_id = new.staff_id and closed_at is null;
        end if;
        return null;
    end $$
"""  # noqa: S608 (our own words)
# Only what is past its time by the real clock, whatever day a caller names; never before 3 years.
_FORGOTTEN = """
    create function ops.forget_staff_access(today date, months int) returns bigint
    language sql security definer set search_path = pg_catalog, ops as $$
        with gone as (
            delete from ops.staff_access
            where ((at at time zone 'Asia/Seoul')::date
                + make_interval(months => greatest(months, 36)))::date
                < least(today, (now() at time zone 'Asia/Seoul')::date)
            returning 1
        )
        select count(*) from gone
    $$
"""


def _kinds(words: str) -> None:
    op.drop_constraint(op.f("ck_journal_kind"), "journal", schema="ops")
    op.create_check_constraint(
        op.f("ck_journal_kind"), "journal", f"kind in ({words})", schema="ops"
    )


def _table() -> None:
    when = sa.DateTime(timezone=True)
    op.add_column("staff", sa.Column("password_given_at", when), schema="ops")
    op.create_table(
        "staff_access",
        sa.Column("access_id", sa.Uuid(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("at", when, nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("until", sa.Date()),
        sa.Column("changed_by", sa.Uuid()),
        sa.Column("held_on", sa.Date()),
        sa.Column("what", sa.Text()),
        sa.Column("why", sa.Text()),
        sa.CheckConstraint(
            "change in ('granted', 'role', 'assigned', 'trained', 'password_given', 'ended')",
            name=op.f("ck_staff_access_change"),
        ),
        sa.CheckConstraint("role in ('agent', 'officer')", name=op.f("ck_staff_access_role")),
        *(
            sa.ForeignKeyConstraint(
                [name], ["ops.staff.staff_id"], name=op.f(f"fk_staff_access_{name}_staff")
            )
            for name in ("staff_id", "changed_by")
        ),
        sa.PrimaryKeyConstraint("access_id", name=op.f("pk_staff_access")),
        schema="ops",
    )
    op.create_index(op.f("ix_staff_access_at"), "staff_access", ["at"], schema="ops")
    columns = ["staff_id", "at"]
    op.create_index(op.f("ix_staff_access_staff_id_at"), "staff_access", columns, schema="ops")
    op.execute("grant select on ops.staff_access to portal_web, portal_work")
    op.create_index(
        "ix_session_staff_id", "session", ["staff_id"],
        schema="ops", postgresql_where=sa.text("staff_id is not null"),
    )  # fmt: skip


def upgrade() -> None:
    """Make register, rules and grants; whoever works already stands in it from today."""
    _kinds(f"{_KINDS}, 'staff_changed'")
    _table()
    op.execute(
        "insert into ops.staff_access (access_id, staff_id, at, change, role, until) "
        "select gen_random_uuid(), staff_id, now(), 'granted', role, assigned_until "
        "from ops.staff where ended_at is null"
    )
    for function in (_RULES, _WRITTEN, _FORGOTTEN):
        op.execute(function)
    op.execute(
        f"create trigger staff_rules before insert or update of {_CHANGED} on ops.staff "
        "for each row execute function ops.staff_rules()"
    )
    op.execute(
        f"create trigger staff_access after insert or update of {_CHANGED} on ops.staff "
        "for each row execute function ops.write_staff_access()"
    )
    op.execute("revoke execute on function ops.forget_staff_access(date, int) from public")
    op.execute("grant execute on function ops.forget_staff_access(date, int) to portal_work")
    op.execute(f"grant insert ({_ADDED}) on ops.staff to portal_web")
    op.execute(f"grant update ({_CHANGED}) on ops.staff to portal_web")
    op.execute("grant select (password_given_at) on ops.staff to portal_web")


def downgrade() -> None:
    """Drop them; who could see what since when is lost."""
    op.execute(f"revoke insert ({_ADDED}) on ops.staff from portal_web")
    op.execute(f"revoke update ({_CHANGED}) on ops.staff from portal_web")
    op.execute("revoke select (password_given_at) on ops.staff from portal_web")
    for trigger in ("staff_access", "staff_rules"):
        op.execute(f"drop trigger {trigger} on ops.staff")
    for name in ("forget_staff_access(date, int)", "write_staff_access()", "staff_rules()"):
        op.execute(f"drop function ops.{name}")
    op.drop_index("ix_session_staff_id", "session", schema="ops")
    op.drop_table("staff_access", schema="ops")
    op.drop_column("staff", "password_given_at", schema="ops")
    op.execute("delete from ops.journal where kind = 'staff_changed'")
    _kinds(_KINDS)
