"""What was unusual about the staff's access on a day, and the monthly review of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027c"
down_revision = "0027b"
branch_labels = None
depends_on = None

_WHEN = sa.DateTime(timezone=True)
_OFFICER = (
    "exists (select from ops.staff o "
    "where o.staff_id = staff and o.role = 'officer' and o.ended_at is null)"
)
# Numbers only: whose data it was stays in the ledger of each member.
_ACTIVITY = f"""
    create function ops.staff_activity(staff uuid, since timestamptz, until timestamptz,
        opens int, shuts int)
    returns table (staff_no text, looks bigint, members bigint, refused bigint, late bigint)
    language sql stable security definer set search_path = pg_catalog, ops as $$
        select s.staff_no, count(*) filter (where e.allowed),
            count(distinct e.member_id) filter (where e.allowed),
            count(*) filter (where not e.allowed),
            count(*) filter (where extract(hour from e.at at time zone 'Asia/Seoul') < opens
                or extract(hour from e.at at time zone 'Asia/Seoul') >= shuts)
        from ledger.event e join ops.staff s on s.staff_id = e.actor_id
        where e.actor_kind = 'staff' and e.at >= since and e.at < until and {_OFFICER}
        group by s.staff_no order by s.staff_no
    $$
"""  # noqa: S608 (our own words)
_LATE = """
    create function ops.late_requests(today date) returns bigint
    language sql stable security definer set search_path = pg_catalog as $$
        select count(*) from live.request where state = 'open' and due_on < today
    $$
"""
_FUNCTIONS = {
    "ops.staff_activity(uuid, timestamptz, timestamptz, int, int)": _ACTIVITY,
    "ops.late_requests(date)": _LATE,
}


def _staff(table: str, *columns: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return tuple(
        sa.ForeignKeyConstraint(
            [name], ["ops.staff.staff_id"], name=op.f(f"fk_{table}_{name}_staff")
        )
        for name in columns
    )


def upgrade() -> None:
    """Make tables, function and grants; a finding is closed once, a review never changed."""
    op.create_table(
        "watch_finding",
        sa.Column("finding_id", sa.Uuid(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("found_at", _WHEN, nullable=False),
        sa.Column("closed_at", _WHEN),
        sa.Column("closed_by", sa.Uuid()),
        sa.Column("closed_how", sa.Text()),
        sa.CheckConstraint(
            "rule in ('many_members', 'out_of_hours', 'refused', 'guessing')",
            name=op.f("ck_watch_finding_rule"),
        ),
        sa.CheckConstraint(
            "closed_how in ('explained', 'instructed', 'access_ended', 'reported')",
            name=op.f("ck_watch_finding_closed_how"),
        ),
        sa.CheckConstraint(
            "(closed_at is null) = (closed_how is null) "
            "and (closed_at is null) = (closed_by is null)",
            name=op.f("ck_watch_finding_closed"),
        ),
        sa.CheckConstraint("closed_by <> staff_id", name=op.f("ck_watch_finding_another")),
        *_staff("watch_finding", "staff_id", "closed_by"),
        sa.PrimaryKeyConstraint("finding_id", name=op.f("pk_watch_finding")),
        sa.UniqueConstraint(
            "rule", "staff_id", "day", name=op.f("uq_watch_finding_rule_staff_id_day")
        ),
        schema="ops",
    )
    op.create_table(
        "watched",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("at", _WHEN, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_watched")),
        schema="ops",
    )
    op.create_table(
        "access_review",
        sa.Column("review_id", sa.Uuid(), nullable=False),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.Column("reviewed_by", sa.Uuid(), nullable=False),
        sa.Column("reviewed_at", _WHEN, nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("note <> ''", name=op.f("ck_access_review_said")),
        *_staff("access_review", "reviewed_by"),
        sa.PrimaryKeyConstraint("review_id", name=op.f("pk_access_review")),
        schema="ops",
    )
    for signature, function in _FUNCTIONS.items():
        op.execute(function)
        op.execute(f"revoke execute on function {signature} from public")
        op.execute(f"grant execute on function {signature} to portal_web, portal_work")
    op.execute("grant select, update (closed_at, closed_by, closed_how) on ops.watch_finding "
               "to portal_web")  # fmt: skip
    op.execute("grant select, insert on ops.watch_finding to portal_work")
    op.execute("grant select, insert on ops.watched to portal_work")
    op.execute("grant select, insert on ops.access_review to portal_web")
    op.execute("grant select on ops.access_review to portal_work")


def downgrade() -> None:
    """Drop them; what was found and reviewed is lost."""
    for signature in _FUNCTIONS:
        op.execute(f"drop function {signature}")
    for table in ("access_review", "watched", "watch_finding"):
        op.drop_table(table, schema="ops")
