"""What the public pages say comes from the policy's facts, and says where they end."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, get_args

import pytest

from db.policy import POLICIES, Policy, PolicyError, load
from db.words import RecordKind
from services import policies
from services.language import Language
from services.policy_sections import Points, Section, sections

if TYPE_CHECKING:
    from collections.abc import Iterator

LANGUAGES = get_args(Language)
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(POLICIES / "2021-03-15.toml")


def _words(section: Section) -> Iterator[str]:
    yield from (section.title, section.gist)
    for block in section.blocks:
        yield block.title
        if isinstance(block, Points):
            yield from block.items
        else:
            for name, values in block.rows:
                yield from (name, *values)


def _text(section: Section) -> str:
    return " ".join(_words(section))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_clause_has_a_section(policy: Policy, language: Language) -> None:
    made = sections(policy, language)
    assert [section.clause for section in made] == [str(n) for n in range(1, 12)]
    assert all(section.gist and section.blocks for section in made)


def test_every_silence_is_said_once(policy: Policy) -> None:
    said = [silent for section in sections(policy, "ko") for silent in section.silent]
    assert sorted(said) == sorted(silence.says.ko for silence in policy.not_stated)


@pytest.mark.promise("P01")
def test_the_page_lists_every_purpose(policy: Policy) -> None:
    text = _text(sections(policy, "ko")[0])
    for group in policy.purposes:
        assert group.name.ko in text
        assert all(use.name.ko in text for use in group.uses)


@pytest.mark.promise("P02")
@pytest.mark.promise("P03")
def test_the_page_lists_every_item_and_every_way(policy: Policy) -> None:
    text = _text(sections(policy, "ko")[1])
    for label in ("닉네임", "비밀번호", "이메일", "주소", "휴대전화", "생년월일", "기기 식별번호"):
        assert label in text
    assert all(way.name.ko in text for way in policy.sources)


def test_the_table_gives_every_period(policy: Policy) -> None:
    kept = policies.page(policy, "ko").kept
    assert [line.length for line in kept] == [
        "3개월",
        "6개월",
        "6개월",
        "1년",
        "3년",
        "5년",
        "5년",
    ]
    assert [line.share for line in kept] == [5, 10, 10, 20, 60, 100, 100]
    assert all(line.why for line in kept)


def test_periods_follow_the_file(policy: Policy) -> None:
    visit = policy.rule(RecordKind.VISIT)
    longer = visit.model_copy(update={"period": visit.period.model_copy(update={"months": 18})})
    rules = tuple(longer if rule.id == "visit" else rule for rule in policy.retention)
    changed = policy.model_copy(update={"retention": rules})
    assert "18개월" in _text(sections(changed, "ko")[2])
    assert "18개월" in [line.length for line in policies.page(changed, "ko").kept]


@pytest.mark.parametrize(
    ("clause", "facts"),
    [
        (3, ("9", "1년", "클래스파트라", "30일", "엄마와", "프로필 사진")),
        (4, ("분쇄", "소각")),
        (7, ("IMEI", "엄마와")),
        (9, ("개인정보변경", "회원탈퇴", "14세")),
        (10, ("정종훈", "codxa@codxa.com", "02-2135-1124")),
        (11, ("7일",)),
    ],
)
def test_sentences_carry_the_facts(policy: Policy, clause: int, facts: tuple[str, ...]) -> None:
    text = _text(sections(policy, "ko")[clause - 1])
    assert [fact for fact in facts if fact not in text] == []


def test_the_operators_setting_is_marked_as_such(policy: Policy) -> None:
    titles = [block.title for block in sections(policy, "ko")[2].blocks]
    assert sum("운영자가 정했어요" in title for title in titles) == 1


def test_liability_is_not_disclaimed(policy: Policy) -> None:
    text = " ".join(_text(section) for section in sections(policy, "ko"))
    assert "책임을 지지" not in text
    assert "부주의" not in text


def test_english_is_english(policy: Policy) -> None:
    names = {"클래스파트라", "엄마와", "정종훈", "개인정보변경", "회원탈퇴"}
    for section in sections(policy, "en"):
        left = _text(section)
        for name in names:
            left = left.replace(name, "")
        assert not [letter for letter in left if "가" <= letter <= "힣"]


@pytest.mark.promise("P36")
def test_agencies_say_when_they_were_last_confirmed(policy: Policy) -> None:
    confirmed = policy.agencies[0].model_copy(update={"last_confirmed": date(2026, 11, 1)})
    changed = policy.model_copy(update={"agencies": (confirmed, *policy.agencies[1:])})
    assert [agency.last_confirmed for agency in policies.agencies(policy, "ko")] == [None] * 3
    assert policies.agencies(changed, "ko")[0].last_confirmed == date(2026, 11, 1)
    assert [agency.phone for agency in policies.agencies(policy, "ko")] == [
        "118",
        "1301",
        "1566-0112",
    ]


def test_the_officer_can_be_reached(policy: Policy) -> None:
    officer = policies.officer(policy, "ko")
    assert officer.title == "개인정보 관리책임자", "as this version's text calls them"
    assert (officer.name, officer.role) == ("정종훈", "클래스파트라 보안 책임자")
    assert (officer.phone, officer.email) == ("02-2135-1124", "codxa@codxa.com")


def _later(policy: Policy, day: date, announced: date | None) -> Policy:
    return policy.model_copy(
        update={"version": day.isoformat(), "in_force_from": day, "announced": announced}
    )


def test_notices_with_one_version(policy: Policy) -> None:
    notices = policies.notices(date(2026, 11, 23), (policy,))
    assert (notices.coming, notices.current, notices.earlier) == ((), policy, ())


def test_a_change_is_shown_from_the_day_it_is_announced(policy: Policy) -> None:
    later = _later(policy, date(2027, 1, 1), date(2026, 12, 20))
    both = (policy, later)
    assert policies.notices(date(2026, 12, 19), both).coming == ()
    assert policies.notices(date(2026, 12, 20), both).coming == (later,)
    begun = policies.notices(date(2027, 1, 1), both)
    assert (begun.coming, begun.current, begun.earlier) == ((), later, (policy,))


def test_before_the_first_version(policy: Policy) -> None:
    with pytest.raises(PolicyError, match="2021-03-14"):
        policies.notices(date(2021, 3, 14), (policy,))
