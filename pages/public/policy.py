"""The privacy policy in plain words (`/policy`, `/policy?version=2021-03-15`), for anyone."""

from __future__ import annotations

import streamlit as st

from db.clock import now, seoul_day
from pages.components import fragment
from pages.components.gate import guard
from pages.components.text import language
from services import policies
from services.actor import Permission

guard(Permission.PUBLIC)

notices = policies.notices(seoul_day(now()))
wanted = st.query_params.get("version")
chosen = notices.version(wanted) if wanted else notices.current
page = policies.page(chosen or notices.current, language())
if chosen is not notices.current:
    fragment.draw("policy_version.html", chosen=chosen, notices=notices)
fragment.draw("policy_summary.html", page=page)
fragment.draw("policy_sections.html", page=page)
