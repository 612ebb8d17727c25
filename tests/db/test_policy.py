"""The policy's facts are all there, typed, and can't change once in force."""

from __future__ import annotations

from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from db.declarations import ITEMS
from db.policy import POLICIES, Policy, PolicyError, in_force, load, policies
from db.policy_facts import AFTER_WITHDRAWAL
from db.words import RIGHTS, Purpose, RecordKind, Source

if TYPE_CHECKING:
    from pathlib import Path

FIRST = POLICIES / "2021-03-15.toml"


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load(FIRST)


@pytest.mark.promise("P01")
def test_three_purposes_hold_every_sub_purpose(policy: Policy) -> None:
    assert [group.id for group in policy.purposes] == ["contract", "membership", "marketing"]
    assert [len(group.uses) for group in policy.purposes] == [6, 10, 6]
    uses = [use.id for group in policy.purposes for use in group.uses]
    assert sorted(uses) == sorted(set(Purpose) - RIGHTS)


@pytest.mark.promise("P02")
def test_four_groups_hold_the_items_of_the_text(policy: Policy) -> None:
    assert {group.id.value: group.items for group in policy.items} == {
        "required": ("nickname", "password", "email", "address"),
        "additional": ("mobile", "name", "sex", "birth_date"),
        "custom": ("pregnancy", "children", "baby_name", "baby_date", "mother_category"),
        "generated": ("device_id",),
    }
    assert [group.required for group in policy.items] == [True, False, False, False]


@pytest.mark.promise("P02")
def test_items_are_declared_in_the_group_of_the_text(policy: Policy) -> None:
    for group in policy.items:
        assert {ITEMS[name].group for name in group.items} == {group.id}


@pytest.mark.promise("P03")
def test_ten_ways_in_which_data_comes(policy: Policy) -> None:
    assert {way.id for way in policy.sources} == set(Source) - {Source.PORTAL}
    joining = {way.id.value for way in policy.sources if way.joining}
    assert joining == {"web", "app", "paper", "phone", "fax"}


def test_nine_items_stay_a_year_after_leaving(policy: Policy) -> None:
    rule = policy.rule(AFTER_WITHDRAWAL)
    nine = "name birth_date sex login_id phone address mobile email profile_image"
    assert rule.items == tuple(nine.split())
    assert rule.period.in_months == 12
    assert [reason.id for reason in rule.reasons] == ["rejoining", "investigation"]
    assert rule.starts == "withdrawal"


def test_six_kinds_of_record_have_their_periods(policy: Policy) -> None:
    months = {kind.value: policy.rule(kind).period.in_months for kind in RecordKind}
    assert months == {
        "identity_check": 6,
        "visit": 3,
        "advertisement": 6,
        "contract": 60,
        "payment": 60,
        "complaint": 36,
    }
    for kind in RecordKind:
        assert policy.rule(kind).statute is not None
        assert (policy.rule(kind).starts, policy.rule(kind).starts_stated) == ("event", False)


def test_dormancy(policy: Policy) -> None:
    dormancy = policy.dormancy
    assert dormancy.period.in_months == 12
    assert dormancy.services_counted == ("클래스파트라",)
    assert dormancy.stay_by_app == "엄마와"
    assert (dormancy.notice_days, dormancy.notice_channel) == (30, "email")
    assert dormancy.end is None


def test_destruction_third_parties_and_processors(policy: Policy) -> None:
    assert policy.destruction.paper == ("shredding", "incineration")
    assert policy.third_parties.exceptions == ("prior_consent", "purchase")
    assert policy.third_parties.recipients == ()
    assert policy.processors.processors == ()
    assert policy.processors.ends_with == ("withdrawal", "contract_end")


def test_device_safeguards_and_rights(policy: Policy) -> None:
    assert policy.device.identifiers == ("device_id", "imei")
    assert policy.device.refusing_stops == "엄마와"
    assert len(policy.safeguards) == 8
    assert (policy.rights.edit_label, policy.rights.leave_label) == ("개인정보변경", "회원탈퇴")
    assert policy.rights.guardian_below_age == 14
    assert policy.rights.channels == ("written", "phone", "email")
    assert policy.rights.days is None


def test_officer_and_changes(policy: Policy) -> None:
    assert policy.officer.name == "정종훈"
    assert (policy.officer.email, policy.officer.phone) == ("codxa@codxa.com", "02-2135-1124")
    assert policy.changes.notice_days == 7
    assert [controller.name for controller in policy.controllers] == ["코덱사", "클래스파트라"]


@pytest.mark.promise("P36")
def test_agencies_are_data_and_none_is_said_to_be_confirmed(policy: Policy) -> None:
    assert [(agency.phone, agency.site) for agency in policy.agencies] == [
        ("118", "privacy.kisa.or.kr"),
        ("1301", "www.spo.go.kr"),
        ("1566-0112", "www.netan.go.kr"),
    ]
    assert {agency.last_confirmed for agency in policy.agencies} == {None}


def test_silences_are_said(policy: Policy) -> None:
    said = {silence.id for silence in policy.not_stated}
    assert {"recipients", "processors", "generated_items", "purpose_of_each_item"} <= said
    assert {"clock", "end_of_separation", "identifiers", "days_to_answer"} <= said


def test_every_kind_of_record_keeps_few_identifiers(policy: Policy) -> None:
    nine = set(policy.rule(AFTER_WITHDRAWAL).items)
    for kind in RecordKind:
        assert set(policy.operator.identifiers[kind]) <= nine


@pytest.mark.promise("P38")
def test_the_version_of_2021_is_in_force_with_its_hash() -> None:
    policy = in_force(date(2026, 11, 23))
    assert policy.version == "2021-03-15"
    assert policy.sha256 == sha256(FIRST.read_bytes()).hexdigest()
    assert in_force(date(2021, 3, 15)) == policy
    with pytest.raises(PolicyError, match="2021-03-14"):
        in_force(date(2021, 3, 14))


@pytest.mark.promise("P38")
def test_a_version_is_frozen(policy: Policy) -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(policy, "version", "2022-01-01")  # noqa: B010 - types forbid it as well
    with pytest.raises(ValueError, match="frozen"):
        setattr(policy.rule("visit").period, "months", 1)  # noqa: B010 - types forbid it as well


@pytest.mark.promise("P38")
def test_later_versions_stand_beside_it(tmp_path: Path) -> None:
    text = FIRST.read_text(encoding="utf-8")
    _write(tmp_path, text)
    _write(tmp_path, text.replace("2021-03-15", "2027-01-01"), "2027-01-01")
    assert [policy.version for policy in policies(tmp_path)] == ["2021-03-15", "2027-01-01"]
    assert in_force(date(2026, 12, 31), tmp_path).version == "2021-03-15"
    assert in_force(date(2027, 1, 1), tmp_path).version == "2027-01-01"


def test_no_policy_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="no policy"):
        policies(tmp_path)
    with pytest.raises(PolicyError, match="can't be read"):
        load(tmp_path / "2021-03-15.toml")


def _write(folder: Path, text: str, version: str = "2021-03-15") -> Path:
    path = folder / f"{version}.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('version = "2021-03-15"', "version = 2021-03-15", "valid string"),
        ('version = "2021-03-15"', 'version = "2021-03-15', "Illegal character"),
        ("in_force_from = 2021-03-15", 'in_force_from = "soon"', "valid date"),
        ("period = { months = 3 }", "period = { months = 0 }", "greater than or equal to 1"),
        ("period = { months = 3 }", "period = { days = 90 }", "not permitted"),
        ("period = { months = 3 }", "period = { months = 3, years = 1 }", "one of the two"),
        ('items = ["device_id"]', 'items = ["shoe_size"]', "shoe_size"),
        ('  "name", "birth_date", "sex",', '  "name", "birth_dat", "sex",', "birth_dat"),
        ("notice_days = 30", 'notice_days = "30"', "valid integer"),
        ('phone = "1301"', 'phone = "call us"', "match pattern"),
        ('site = "www.netan.go.kr"', 'sight = "www.netan.go.kr"', "required"),
        ('id = "fax"', 'id = "pigeon"', "'web'"),
        ("[device]", "[gadget]", "required"),
        ('visit = ["login_id"]', "# no visits", "missing for visit"),
    ],
)
def test_a_wrong_file_is_refused_with_line_and_reason(
    tmp_path: Path, old: str, new: str, reason: str
) -> None:
    text = FIRST.read_text(encoding="utf-8")
    assert text.count(old) == 1
    with pytest.raises(PolicyError) as caught:
        load(_write(tmp_path, text.replace(old, new)))
    assert caught.value.params["file"] == "2021-03-15.toml"
    assert reason in str(caught.value.params["reason"])


@pytest.mark.parametrize(
    ("old", "new", "at"),
    [
        ("notice_days = 30", "notice_days = -1", "notice_days = -1"),
        ('id = "fax"', 'id = "pigeon"', 'id = "pigeon"'),
        ('site = "www.netan.go.kr"', "", 'id = "police"'),
        ("period = { months = 3 }", "period = { months = 0 }", "period = { months = 0 }"),
        ('"collection"', '"collecting"', "uses = ["),
        ('paper = ["shredding"', 'paper = [shredding"', "paper = [shredding"),
    ],
)
def test_the_line_is_the_one_to_look_at(tmp_path: Path, old: str, new: str, at: str) -> None:
    text = FIRST.read_text(encoding="utf-8").replace(old, new)
    with pytest.raises(PolicyError) as caught:
        load(_write(tmp_path, text))
    line = caught.value.params["line"]
    assert isinstance(line, int)
    around = "\n".join(text.splitlines()[line - 2 : line + 1])
    assert at in around


def test_a_file_with_another_day_or_another_encoding_is_refused(tmp_path: Path) -> None:
    text = FIRST.read_text(encoding="utf-8")
    with pytest.raises(PolicyError, match="file's name"):
        load(_write(tmp_path, text, "2022-01-01"))
    with pytest.raises(PolicyError, match="in_force_from"):
        load(_write(tmp_path, text.replace("from = 2021-03-15", "from = 2021-03-16")))
    path = tmp_path / "2021-03-15.toml"
    path.write_bytes(text.encode("cp949", errors="ignore"))
    with pytest.raises(PolicyError, match="UTF-8"):
        load(path)


def test_a_rule_left_out_or_doubled_is_refused(tmp_path: Path) -> None:
    text = FIRST.read_text(encoding="utf-8")
    with pytest.raises(PolicyError, match="one rule for each"):
        load(_write(tmp_path, text.replace('id = "visit"', 'id = "payment"')))
