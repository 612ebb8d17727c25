"""Whom `services.dormancy` tells and puts to sleep, asked of the database (clause 3.3; P08 to P11).

Given are days of Seoul: `idle` and `over`, the latest last use of who is told and of who may sleep
`today`; `told_by`, the latest day of a notice that is old enough; and the services `counted`.
"""

from __future__ import annotations

from sqlalchemy import text

# The last use that counts, as known here; an unknown one began with joining, or with coming here.
_LAST = """
    cross join lateral (select coalesce(
        greatest(m.last_counted_on, (
            select max(u.last_used_on) from live.service_use u
            where u.member_id = m.member_id and u.service = any(:counted)
        )), m.joined_on, (m.created_at at time zone 'Asia/Seoul')::date
    ) as day) last
"""
_SPARED = """
    and not exists (select from live.restriction r
        where r.member_id = m.member_id and r.ended_at is null)
    and not exists (select from live.request r
        where r.member_id = m.member_id and r.state = 'open')
    and not exists (select from live.dispute d
        where d.member_id = m.member_id and d.decided_at is null)
    and not exists (select from ops.hold h where h.member_id = m.member_id
        and h.lifted_at is null and h.ends_on >= :today)
    and not exists (select from ops.move w where w.member_id = m.member_id)
    and not exists (select from live.guardianship g
        where g.guardian_id = m.member_id and ops.guards(g.member_id, g.guardian_id, :today))
"""
# `last_counted_on` may be behind what service_use knows, never ahead: the index finds whom to look
# at, and whoever was looked at for nothing is not looked at again.
BEGIN = text(f"""
    update live.member t set last_counted_on = new.day from (
        select m.member_id, last.day from live.member m {_LAST}
        where m.last_counted_on is null limit :most for update of m skip locked
    ) new where t.member_id = new.member_id
""")  # noqa: S608 (a constant)
CATCH_UP = text(f"""
    update live.member t set last_counted_on = last.day from live.member m {_LAST}
    where t.member_id = any(:picked) and m.member_id = t.member_id
        and t.last_counted_on is distinct from last.day
""")  # noqa: S608 (a constant)
_AFTER = "(m.last_counted_on, m.member_id) > (:day, cast(:after as uuid))"
_ORDER = "order by m.last_counted_on, m.member_id limit :most"
# In the order of an index, each batch from where the last one ended: it costs what is due. The
# index alone answers; whoever was told is not in it until they have come again.
TO_TELL = text(f"""
    select m.member_id, m.last_counted_on as known from live.member m
    where m.told_for is distinct from m.last_counted_on and m.last_counted_on <= :idle
        {_SPARED} and {_AFTER} {_ORDER}
""")  # noqa: S608 (a constant)
# Of those, once nobody else writes about them: whose use is newer than their row says is caught up,
# and comes again later in that order.
CLAIM = text(f"""
    select m.member_id, m.last_counted_on as last, exists (
        select from live.service_use u where u.member_id = m.member_id
            and u.service = any(:counted) and u.last_used_on > m.last_counted_on
    ) as used, exists (
        select from ops.outbox n
        where n.member_id = m.member_id and n.key = :notice || ':' || m.last_counted_on
    ) as told from live.member m
    where m.member_id = any(:picked) and m.last_counted_on <= :idle {_SPARED}
    order by m.last_counted_on, m.member_id for update of m skip locked
""")  # noqa: S608 (a constant)
TOLD = text("""
    update live.member m set told_for = m.last_counted_on where m.member_id = any(:picked)
""")


def _due(last: str, looked_up: str = "") -> str:
    return f"""
        select m.member_id, m.last_counted_on as known, {last} as last,
            n.message_id, n.sent_at, n.sleeps_on
        from live.member m {looked_up}
        join ops.outbox n on n.member_id = m.member_id and n.key = :notice || ':' || {last}
        where m.last_counted_on <= :over and {last} <= :over
            and n.template = :notice and n.channel = 'email' and n.accepted
            and (n.sent_at at time zone 'Asia/Seoul')::date <= :told_by and n.sleeps_on <= :today
            {_SPARED}
    """  # noqa: S608 (a constant)


PICK = text(f"{_due('m.last_counted_on')} and {_AFTER} {_ORDER} for update of m skip locked")
# What was written between that query's snapshot and its locks is seen by the next one only.
USES = text("select from live.service_use where member_id = any(:picked) for update")
STILL = text(f"{_due('last.day', _LAST)} and m.member_id = any(:picked)")
# A notice in vain counts as none once the member has another address: they are told anew.
FORGET = text("""
    update ops.outbox n set key = null from live.profile_value v
    where n.template = 'dormancy_notice' and (n.bounced_at is not null or n.failed_at is not null)
        and n.key is not null
        and v.member_id = n.member_id and v.item = 'email' and v.sealed is not null
        and v.changed_at > coalesce(n.bounced_at, n.failed_at)
""")
# So does one that names a day on which, by a longer period that came into force since, nobody who
# was last here then may sleep yet: it is told anew, with another day.
OUTDATED = text("""
    update ops.outbox n set key = null from live.member m
    where n.member_id = m.member_id and n.template = :notice and n.key is not null
        and n.sleeps_on <= (
            split_part(n.key, ':', 2)::date + make_interval(months => :months)
        )::date
""")
