"""Let the journal say all that a restore must do again, and carry rows until they are in a file."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_BEFORE = (
    "'cleared', 'corrected', 'consent', 'withdrawn', 'separated', 'reactivated', 'held', "
    "'hold_lifted', 'import_confirmed', 'destroyed', 'barred', 'bar_objected', 'bar_kept', "
    "'bar_lifted'"
)
_NEW = "'restricted', 'requested', 'disclosed', 'told', 'password_set', 'backed_up'"


def _kinds(words: str) -> None:
    op.drop_constraint(op.f("ck_journal_kind"), "journal", schema="ops")
    op.create_check_constraint(
        op.f("ck_journal_kind"), "journal", f"kind in ({words})", schema="ops"
    )


def upgrade() -> None:
    """Know the new words; the worker drops carried rows once they are in a file."""
    _kinds(f"{_BEFORE}, {_NEW}")
    op.execute("grant update on ops.journal to portal_work")


def downgrade() -> None:
    """Forget what only the new words say."""
    op.execute("revoke update on ops.journal from portal_work")
    op.execute(f"delete from ops.journal where kind in ({_NEW})")  # noqa: S608 (our own words)
    _kinds(_BEFORE)
