"""What figures and lists are called on pages and in workbooks."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.reports.values import CrowdGroup, InvitationGroup, ListOf, MeetingStage, MessageGroup

CLASSES = (
    CrowdGroup.POOR,
    CrowdGroup.NEAR_POOR,
    CrowdGroup.NEWLY_ESCAPED,
    CrowdGroup.NEWLY_ESCAPED_NEAR_POOR,
    CrowdGroup.OTHER,
)
"""The classes, which add up to the total; the other groups of a crowd overlap."""

LISTS: dict[ListOf, Any] = {
    ListOf.ATTENDANCES: _("Attendances"),
    ListOf.PEOPLE: _("People"),
    ListOf.HOUSEHOLDS: _("Households"),
    ListOf.INVITATIONS: _("Invitations"),
    ListOf.MESSAGES: _("Text messages"),
}
CROWD: dict[CrowdGroup, Any] = {
    CrowdGroup.ALL: _("Total"),
    CrowdGroup.POOR: _("From poor households"),
    CrowdGroup.NEAR_POOR: _("From near-poor households"),
    CrowdGroup.NEWLY_ESCAPED: _("From households newly escaped from poverty"),
    CrowdGroup.NEWLY_ESCAPED_NEAR_POOR: _("From households newly escaped from near-poverty"),
    CrowdGroup.OTHER: _("Other"),
    CrowdGroup.WOMEN: _("Of whom women"),
    CrowdGroup.MINORITY: _("Of whom ethnic minority"),
    CrowdGroup.GUESTS: _("Of whom guests"),
    CrowdGroup.PROXIES: _("Of whom stand-ins"),
}
INVITATIONS: dict[InvitationGroup, Any] = {
    InvitationGroup.ALL: _("Invitations in all"),
    InvitationGroup.HOUSEHOLDS: _("Invited households"),
    InvitationGroup.GUESTS: _("Invited guests"),
    InvitationGroup.REACHED: _("Reached (contact confirmed)"),
    InvitationGroup.NOT_REACHED: _("Not known to be reached"),
    InvitationGroup.COMING: _("Answered: coming"),
    InvitationGroup.PROXY: _("Answered: a family member comes instead"),
    InvitationGroup.NOT_COMING: _("Answered: not this time"),
    InvitationGroup.UNANSWERED: _("No answer"),
    InvitationGroup.ABSENT: _("Invited and absent"),
}
MESSAGES: dict[MessageGroup, Any] = {
    MessageGroup.DELIVERED: _("Delivered (network's report)"),
    MessageGroup.ACCEPTED: _("Accepted by the gateway, no report yet"),
    MessageGroup.FAILED: _("Not delivered"),
    MessageGroup.UNKNOWN: _("Result unknown"),
    MessageGroup.WAITING: _("Waiting to be sent"),
    MessageGroup.WITHDRAWN: _("Withdrawn"),
}
STAGES: dict[MeetingStage, Any] = {
    MeetingStage.PLANNED: _("planned"),
    MeetingStage.HELD: _("held"),
    MeetingStage.CANCELLED: _("cancelled"),
}
GROUPS: dict[ListOf, dict[Any, Any]] = {
    ListOf.ATTENDANCES: dict(CROWD),
    ListOf.PEOPLE: {group: words for group, words in CROWD.items() if group is not CrowdGroup.PROXIES},
    ListOf.HOUSEHOLDS: {group: CROWD[group] for group in (CrowdGroup.ALL, *CLASSES)},
    ListOf.INVITATIONS: dict(INVITATIONS),
    ListOf.MESSAGES: dict(MESSAGES),
}
"""Which groups each list knows."""
