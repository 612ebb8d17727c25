"""What the words of a case are called on the desk, in letters and to the member."""

from __future__ import annotations

from db.words import (
    N_,
    AnsweredBy,
    Caller,
    CallWish,
    CaseChannel,
    CaseOutcome,
    CaseReason,
    GrantEnded,
    Postponed,
    StepState,
    StepWhat,
    VerifiedBy,
)

CHANNELS: dict[CaseChannel, str] = {
    CaseChannel.PHONE: N_("By phone"),
    CaseChannel.EMAIL: N_("By e-mail"),
    CaseChannel.LETTER: N_("Letter"),
    CaseChannel.FAX: N_("Fax"),
    CaseChannel.VISIT: N_("Visit"),
    CaseChannel.PUBLIC_PORTAL: N_("Passed on by a public portal"),
}
CALLERS: dict[Caller, str] = {
    Caller.SELF: N_("The member"),
    Caller.GUARDIAN: N_("The guardian of a child under 14"),
    Caller.AGENT: N_("Somebody with a written authority"),
}
WISHES: dict[CallWish, str] = {
    CallWish.SEE: N_("See what is held"),
    CallWish.CORRECT: N_("Put right or clear"),
    CallWish.CONSENT: N_("Change consents"),
    CallWish.STOP: N_("Stop a use"),
    CallWish.EXPORT: N_("Take a copy along"),
    CallWish.LEAVE: N_("Leave"),
    CallWish.SIGN_IN: N_("Get back in without the old e-mail or phone"),
}
VERIFIED: dict[VerifiedBy, str] = {
    VerifiedBy.MOBILE_CODE: N_("Code to the registered mobile"),
    VerifiedBy.EMAIL_CODE: N_("Code to the registered e-mail"),
    VerifiedBy.CALL_BACK: N_("Called back at the registered number"),
    VerifiedBy.DOCUMENTS: N_("Documents"),
}
OUTCOMES: dict[CaseOutcome, str] = {
    CaseOutcome.DONE: N_("Done as asked"),
    CaseOutcome.PARTLY: N_("Done in part"),
    CaseOutcome.REFUSED: N_("Refused"),
    CaseOutcome.TAKEN_BACK: N_("Taken back by the caller"),
    CaseOutcome.NOT_VERIFIED: N_("It did not show who the caller was"),
    CaseOutcome.MEMBER_LEFT: N_("The member left"),
}
ENDED: dict[GrantEnded, str] = {
    GrantEnded.TURNED_14: N_("The child turned 14: now they ask for themselves."),
    GrantEnded.SEPARATED: N_("The account went to sleep: its data is kept apart now."),
    GrantEnded.WOKEN: N_("The account woke up: the member is back."),
    GrantEnded.GUARDIAN_ENDED: N_("The guardian who called may not act for the child any more."),
}
RENEWING: dict[CaseReason, str] = {
    CaseReason.CALL_GOES_ON: N_("The call goes on"),
    CaseReason.CALLED_AGAIN: N_("They called again"),
    CaseReason.STILL_WORKING: N_("Still working on the answer"),
}
TAKING_OVER: dict[CaseReason, str] = {
    CaseReason.CALLED_AGAIN: N_("They called again"),
    CaseReason.COLLEAGUE_AWAY: N_("The colleague is away"),
    CaseReason.HANDED_OVER: N_("The colleague handed it over"),
}
LINKING: dict[CaseReason, str] = {
    CaseReason.THEY_SAID_SO: N_("They said so themselves"),
    CaseReason.FOUND_IN_A_CASE: N_("It showed in a case"),
    CaseReason.NOTED_WRONGLY: N_("What was noted is wrong"),
}
UNMASKING: dict[CaseReason, str] = {
    CaseReason.CALLER_ASKS_FOR_IT: N_("The caller asks what it is"),
    CaseReason.TO_PUT_IT_RIGHT: N_("To put it right"),
    CaseReason.TO_COMPARE: N_("To compare with what the caller says"),
}
POSTPONED: dict[Postponed, str] = {
    Postponed.PROOF_AWAITED: N_("We wait for a proof that we asked for"),
    Postponed.OTHERS_CONCERNED: N_("Others are concerned and have to be heard"),
    Postponed.MUCH_TO_GATHER: N_("There is much to gather"),
}
ANSWERED: dict[AnsweredBy, str] = {
    AnsweredBy.SPOKEN: N_("Told on the spot"),
    AnsweredBy.EMAIL: N_("By e-mail"),
    AnsweredBy.SMS: N_("By text message"),
    AnsweredBy.LETTER: N_("Letter to print"),
}
STEPS: dict[StepWhat, str] = {
    StepWhat.LEAVE: N_("Leave"),
    StepWhat.CLEAR: N_("Clear"),
    StepWhat.EXPORT: N_("Make a copy of the data"),
    StepWhat.EMAIL: N_("Change the e-mail address"),
    StepWhat.RECOVER: N_("A new sign-in at another address"),
}
STATES: dict[StepState, str] = {
    StepState.WAITING: N_("waits for a second word"),
    StepState.RUNNING: N_("approved; the wait runs"),
    StepState.DONE: N_("done"),
    StepState.REFUSED: N_("refused"),
    StepState.TAKEN_BACK: N_("taken back"),
    StepState.EXPIRED: N_("nobody answered in time"),
}
