"""Know of each member for which last use they were told, so that telling costs what is due.

Until now whoever had been told was looked at again each day until they slept.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0034"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
# Whatever writes, withdraws or removes a notice, the member's row follows it.
_TOLD = """
    create function ops.note_told() returns trigger
    language plpgsql security definer set search_path = pg_catalog as $$
    declare
        who uuid := case when tg_op = 'DELETE' then old.member_id else new.member_id end;
        latest date := (
            select max(split_part(key, ':', 2)::date) from ops.outbox
            where member_id = who and key like 'dormancy_notice:%'
        );
    begin
        update live.member set told_for = latest
        where member_id = who and told_for is distinct from latest;
        return null;
    end
    $$
"""
# Who was told and has come since is looked at again. Which services count is the policy's: so the
# worker says whether they are told anew, a year from then (clause 3.3).
_USED = """
    create function live.note_use() returns trigger
    language plpgsql security definer set search_path = pg_catalog as $$
    begin
        update live.member m set told_for = null from (
            select member_id, max(last_used_on) as day from used group by member_id
        ) u
        where m.member_id = u.member_id and m.told_for is not null and m.last_counted_on < u.day;
        return null;
    end
    $$
"""


def upgrade() -> None:
    """Add the day and what keeps it right, and fill it from the notices there are."""
    for store in _STORES:
        op.add_column("member", sa.Column("told_for", sa.Date()), schema=store)
    op.execute("""
        update live.member m set told_for = n.day from (
            select member_id, max(split_part(key, ':', 2)::date) as day from ops.outbox
            where key like 'dormancy_notice:%' group by member_id
        ) n where n.member_id = m.member_id and not exists (
            select from live.service_use u
            where u.member_id = m.member_id and u.last_used_on > m.last_counted_on
        )
    """)
    op.create_index(
        "ix_member_to_tell", "member", ["last_counted_on", "member_id"], schema="live",
        postgresql_where=sa.text("told_for is distinct from last_counted_on"),
    )  # fmt: skip
    op.execute(_TOLD)
    op.execute(_USED)
    op.execute("revoke execute on function ops.note_told(), live.note_use() from public")
    for event, row in (("insert", "new"), ("update of key", "new"), ("delete", "old")):
        op.execute(
            f"create trigger note_told_{event.split()[0]} after {event} on ops.outbox "
            f"for each row when ({row}.template = 'dormancy_notice') "
            "execute function ops.note_told()"
        )
    for event in ("insert", "update"):
        op.execute(
            f"create trigger note_use_{event} after {event} on live.service_use "
            "referencing new table as used for each statement execute function live.note_use()"
        )


def downgrade() -> None:
    """Look at everybody who was told, each day."""
    for event in ("insert", "update"):
        op.execute(f"drop trigger note_use_{event} on live.service_use")
    for event in ("insert", "update", "delete"):
        op.execute(f"drop trigger note_told_{event} on ops.outbox")
    op.execute("drop function live.note_use()")
    op.execute("drop function ops.note_told()")
    op.drop_index("ix_member_to_tell", "member", schema="live")
    for store in _STORES:
        op.drop_column("member", "told_for", schema=store)
