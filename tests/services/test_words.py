"""One Korean word for one thing, all through the catalogue and the policy's facts."""

from __future__ import annotations

import pytest

from db.policy import POLICIES
from services import catalogue
from services.language import forms

OTHER_WORDS = {
    "체험용": "데모",
    "없애": "파기",
    "깨워": "다시 사용",
    "개인정보 책임자": "개인정보 보호책임자",
    "개인정보 관리책임자": "the policy's own `officer.title`",
    "휴면 회원": "휴면 계정",
    "상품 공급": "상품 배송",
    "받은 곳": "받은 경로, 배송지",
    "지체없이": "지체 없이",
}


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_the_catalogue_has_one_word_for_one_thing(word: str) -> None:
    sentences = [s for m in catalogue.load() if m.id for s in forms(m.string)]
    assert [s for s in sentences if word in s] == [], OTHER_WORDS[word]


def test_a_login_id_is_always_called_that() -> None:
    sentences = [s for m in catalogue.load() if m.id for s in forms(m.string)]
    found = [s.replace("로그인 아이디", "") for s in sentences if "아이디" in s]
    assert found
    assert [s for s in found if "아이디" in s] == []


@pytest.mark.parametrize("word", ["없애", "지우는지", "상품 공급", "휴면 회원"])
def test_the_policys_facts_use_the_same_words(word: str) -> None:
    assert word not in (POLICIES / "2021-03-15.toml").read_text(encoding="utf-8")
