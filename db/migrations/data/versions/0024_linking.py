"""Link guardians to children by a code or a document, and say why, by what means, with consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0028"
branch_labels = None
depends_on = None

_STORES = ("live", "dormant", "retained")
_SUBJECT = "(select nullif(current_setting('portal.subject', true), '')::uuid)"
_MINE = f"member_id = {_SUBJECT}"
_WHEN = sa.DateTime(timezone=True)
_MEANS = "means in ('code', 'document', 'joining', 'staff')"
_REASONS = "reason in ('parent', 'appointed')"
_CONSENTED = (
    "not proof or means is null or means not in ('code', 'document') or consent_id is not null"
)
_KINDS = "'correction', 'clearing', 'restriction', 'objection'"
_REFUSALS = (
    "'law_names_it', 'needed_for_contract', 'harms_others', 'proof_missing', 'correct_already'"
)
# The links of a child, to the child or to who acts for it; a guardian whose link is over sees that
# one alone. Guardians are numbered, never named, as "Who looked" numbers them.
_FAMILY = """
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
_SIGNATURE = "ops.family(uuid, uuid, date)"


_ASKED_BY = "asked_by in ('self', 'guardian', 'staff', 'system')"
_ASKED = ("disclosure", "restriction", "request")
"""What says from now on who asked for it: the member, a guardian, or staff in a case."""


def _columns(store: str) -> None:
    # Words of before the portal: nobody said more than that it was checked when the child joined.
    op.execute(
        f"update {store}.guardianship set means = case when proof then 'joining' end "  # noqa: S608
        f"where means is not null and not ({_MEANS})"
    )
    op.add_column("guardianship", sa.Column("reason", sa.Text()), schema=store)
    op.add_column("guardianship", sa.Column("consent_id", sa.Uuid()), schema=store)
    for table in _ASKED:
        op.add_column(table, sa.Column("asked_by", sa.Text()), schema=store)
        op.create_check_constraint(op.f(f"ck_{table}_asked_by"), table, _ASKED_BY, schema=store)
    checks = {"means": _MEANS, "reason": _REASONS, "consented": _CONSENTED}
    for name, check in checks.items():
        op.create_check_constraint(
            op.f(f"ck_guardianship_{name}"), "guardianship", check, schema=store
        )


def _words(store: str, kinds: str, refusals: str) -> None:
    for name, check in {"kind": f"kind in ({kinds})", "reason": f"reason in ({refusals})"}.items():
        op.drop_constraint(f"ck_request_{name}", "request", schema=store)
        op.create_check_constraint(op.f(f"ck_request_{name}"), "request", check, schema=store)


def _table() -> None:
    op.create_table(
        "linking",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("linking_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary()),
        sa.Column("child_id", sa.Uuid()),
        sa.Column("asked_at", _WHEN, nullable=False),
        sa.Column("expires_at", _WHEN, nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("ended_at", _WHEN),
        sa.PrimaryKeyConstraint("member_id", "linking_id", name=op.f("pk_linking")),
        schema="ops",
    )
    op.create_index(
        op.f("ix_linking_child_id_asked_at"), "linking", ["child_id", "asked_at"], schema="ops"
    )
    op.create_index(op.f("ix_linking_expires_at"), "linking", ["expires_at"], schema="ops")
    op.execute("alter table ops.linking enable row level security")
    op.execute("create policy work on ops.linking to portal_work using (true) with check (true)")
    op.execute(
        f"create policy subject on ops.linking to portal_web using ({_MINE}) with check ({_MINE})"
    )
    op.execute("grant select, insert, update, delete on ops.linking to portal_work")
    op.execute("grant select, insert, update (tries_left, ended_at) on ops.linking to portal_web")


def upgrade() -> None:
    """Make columns, words, table, function and grants."""
    for store in _STORES:
        _columns(store)
        _words(store, f"{_KINDS}, 'linking'", f"{_REFUSALS}, 'not_linked'")
    _table()
    op.execute(_FAMILY)
    op.execute(f"revoke execute on function {_SIGNATURE} from public")
    op.execute(f"grant execute on function {_SIGNATURE} to portal_web, portal_work")


def downgrade() -> None:
    """Drop them; requests to be linked go, and so do the reasons of links."""
    op.execute(f"drop function {_SIGNATURE}")
    op.drop_table("linking", schema="ops")
    for store in _STORES:
        op.execute(f"delete from {store}.request where kind = 'linking' or reason = 'not_linked'")  # noqa: S608
        _words(store, _KINDS, _REFUSALS)
        for name in ("consented", "reason", "means"):
            op.drop_constraint(f"ck_guardianship_{name}", "guardianship", schema=store)
        for table in _ASKED:
            op.drop_column(table, "asked_by", schema=store)
        op.drop_column("guardianship", "consent_id", schema=store)
        op.drop_column("guardianship", "reason", schema=store)
