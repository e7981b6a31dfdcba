"""The words for people about their data, and the table of what is kept, what for and on which basis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.core.access import ROLE_PERMISSIONS, Permission, Role
from eventmgr.residents.rights import Basis, Evidence, Purpose, Refusal, RequestKind, RequestState
from eventmgr.residents.words import Words

BASES: Words = {
    Basis.PUBLIC_TASK: _("Work of the commune under law (Article 19)"),
    Basis.CONSENT: _("The person's consent"),
}

PURPOSES: Words = {
    Purpose.SMS: _("Text messages to the phone the person gave"),
    Purpose.PHOTOS: _("Photos at meetings, and their use in reports and news"),
    Purpose.OTHER_PROGRAMMES: _("Use beyond the poverty programme: other programmes of the commune"),
}

EVIDENCE: Words = {
    Evidence.PAPER: _("A signed paper"),
    Evidence.CALL: _("A recorded call"),
    Evidence.SMS: _("A text message"),
    Evidence.WEB: _("The page of an invitation"),
    Evidence.IN_PERSON: _("Told an officer"),
}

REQUEST_KINDS: Words = {
    RequestKind.ACCESS: _("See what is kept"),
    RequestKind.PROVIDE: _("Get a copy of it"),
    RequestKind.CORRECT: _("Have it corrected"),
    RequestKind.WITHDRAW: _("Withdraw a consent"),
    RequestKind.RESTRICT: _("Restrict its use"),
    RequestKind.OBJECT: _("Object to its use"),
    RequestKind.ERASE: _("Have it erased"),
}

REQUEST_STATES: Words = {
    RequestState.OPEN: _("Open"),
    RequestState.DONE: _("Done"),
    RequestState.REFUSED: _("Refused"),
}

REFUSALS: Words = {
    Refusal.PUBLIC_TASK: _("Kept for the work of a state agency (Law 91/2025/QH15, Article 19)"),
    Refusal.LAW_REQUIRES_KEEPING: _("Another law requires that it is kept; name it in the answer"),
    Refusal.NOT_THEIRS: _("The data are not theirs, and they do not act for the person"),
    Refusal.NOTHING_KEPT: _("Nothing is kept about the person"),
}


@dataclass(frozen=True, slots=True, eq=False)
class KeptField:
    """One thing kept about people. `seen_by` None: everyone who may see residents. Texts are lazily translated."""

    name: Any
    purpose: Any
    basis: Basis
    kept: Any
    seen_by: Permission = Permission.VIEW_RESIDENTS
    sensitive: bool = False

    @property
    def roles(self) -> tuple[Role, ...]:
        """Which roles see it, from the permissions themselves."""
        return tuple(role for role in Role if self.seen_by in ROLE_PERMISSIONS[role])


_ON_LISTS = _("While on the lists; then by the rule for people who left")

KEPT_FIELDS: tuple[KeptField, ...] = (
    KeptField(_("Full name"), _("To know whom to invite, and who came"), Basis.PUBLIC_TASK, _ON_LISTS),
    KeptField(
        _("Birth, gender, relation to the head"),
        _("To tell people of one name apart; women are counted in reports"),
        Basis.PUBLIC_TASK,
        _ON_LISTS,
    ),
    KeptField(
        _("Citizen number"),
        _("To match the lists of different years, never shown in a list"),
        Basis.PUBLIC_TASK,
        _ON_LISTS,
        Permission.VIEW_CITIZEN_NUMBERS,
    ),
    KeptField(
        _("Ethnic group"),
        _("Reports say how many of ethnic minorities took part, without names"),
        Basis.PUBLIC_TASK,
        _ON_LISTS,
        Permission.VIEW_SENSITIVE,
        sensitive=True,
    ),
    KeptField(
        _("Poverty class of the household, by year and decision"),
        _("The programme is for these households; never in a message or on an invitation. Handled like sensitive data"),
        Basis.PUBLIC_TASK,
        _("As long as the decisions are kept"),
    ),
    KeptField(
        _("Hamlet and how to find the house"),
        _("To hold meetings by hamlet and to carry invitations round"),
        Basis.PUBLIC_TASK,
        _ON_LISTS,
    ),
    KeptField(
        _("Draws a state salary"),
        _("Such people get no meal support at meetings"),
        Basis.PUBLIC_TASK,
        _ON_LISTS,
    ),
    KeptField(
        _("Phone from the programme's lists"),
        _("To invite to meetings and to say when they move"),
        Basis.PUBLIC_TASK,
        _("Until it is wrong, the household asks to take it away, or leaves"),
        Permission.VIEW_PHONES,
    ),
    KeptField(
        _("Phone the person gave by themselves"),
        _("Text messages, as long as the person wants them"),
        Basis.CONSENT,
        _("Until the consent is withdrawn"),
        Permission.VIEW_PHONES,
    ),
    KeptField(
        _("Invitations, answers, attendances"),
        _("To prove that the meetings took place and to report how many came"),
        Basis.PUBLIC_TASK,
        _("As long as the programme's papers are kept; figures stay without names"),
    ),
    KeptField(
        _("Text messages sent, with their outcome"),
        _("To know who was told, and what it cost"),
        Basis.PUBLIC_TASK,
        _("By the rule for texts of messages"),
        Permission.VIEW_MESSAGES,
    ),
    KeptField(
        _("Photos of meetings"),
        _("To show in reports that a meeting took place"),
        Basis.CONSENT,
        _("Until the consent is withdrawn"),
        Permission.VIEW_MEETINGS,
    ),
)

NEEDS: Words = {
    Permission.VIEW_RESIDENTS: (
        _("Names, houses, poverty class"),
        _("To invite and to know people at the door; the lists are posted in the hamlet as well"),
    ),
    Permission.VIEW_PHONES: (_("Phone numbers"), _("To call those whom no text reaches; others see them masked")),
    Permission.VIEW_SENSITIVE: (
        _("Ethnic group"),
        _("To enter and correct it; everyone else sees figures only"),
    ),
    Permission.VIEW_CITIZEN_NUMBERS: (
        _("Citizen number"),
        _("To tell two people apart: one at a time, and each look is written down"),
    ),
    Permission.EXPORT_NAMES: (_("Files with names"), _("To hand lists on; each is written down")),
    Permission.HANDLE_PERSONAL_DATA: (
        _("Requests, copies and erasures"),
        _("To answer people who ask about their data"),
    ),
    Permission.VIEW_ACCESS_LOG: (
        _("Who looked at whom"),
        _("To watch over the others; the administrator does not work with the lists every day"),
    ),
}

ACCESS_WORDS: Words = {
    "household": _("The household's page"),
    "resident": _("The person's page"),
    "citizen_number": _("The citizen number"),
    "consents": _("The person's consents"),
    "request": _("A request about the person's data"),
    "requests": _("The register of requests"),
    "opt_outs": _("The list of phones that take no texts"),
    "copy": _("A copy of all that is kept"),
    "households": _("The list of households"),
    "residents": _("A list of people"),
    "guests": _("The guests"),
    "guest": _("The guest's page"),
    "looks": _("Who looked at the person"),
    "invitations": _("The list of the invited"),
    "invitation_papers": _("Printed invitations"),
    "door_list": _("The list at the door"),
    "messages": _("The messages of a batch"),
    "attendances": _("A report's list of attendances"),
    "people": _("A report's list of people"),
    "list": _("A list of a report"),
    "call_list": _("The call list"),
    "duplicates": _("The list of possible duplicates"),
    "import": _("A list that was handed in"),
}
