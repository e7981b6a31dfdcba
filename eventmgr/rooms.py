"""Every room that has pages or keeps something about people, and the order of the navigation."""

from __future__ import annotations

from flask import Blueprint
from flask_babel import lazy_gettext as _

from eventmgr.accounts.views import bp as accounts
from eventmgr.areas.views import bp as areas
from eventmgr.checkin.arrived import is_there_already
from eventmgr.checkin.services import erasing as checkin_erasing
from eventmgr.checkin.services import merging as attendances
from eventmgr.checkin.views import bp as checkin
from eventmgr.checkin.views.api import bp as checkin_api
from eventmgr.checkin.views.panels import PANELS as checkin_panels
from eventmgr.checkin.views.self_check_in import public_bp as self_check_in
from eventmgr.core.access import Permission
from eventmgr.core.registry import Addressees, AnswerByText, BudgetSource, Panel, PersonalData, ReminderOver
from eventmgr.core.retention import RetentionRule
from eventmgr.core.web import NavItem
from eventmgr.demo.views import bp as demo
from eventmgr.home.settings_views import bp as home
from eventmgr.meetings.queries.budgets import budgets_charged
from eventmgr.meetings.queries.by_key import addressees_of
from eventmgr.meetings.queries.reminders import has_refused
from eventmgr.meetings.services import erasing as meetings_erasing
from eventmgr.meetings.services import merging as invitations
from eventmgr.meetings.services.answering import answer_by_text
from eventmgr.meetings.views import bp as meetings
from eventmgr.meetings.views.panels import PANELS as meetings_panels
from eventmgr.meetings.views.resident import bp as residents_page
from eventmgr.messaging import erasing as messaging_erasing
from eventmgr.messaging.views import bp as messaging
from eventmgr.messaging.webhooks import bp as webhooks
from eventmgr.plans.views import bp as plans
from eventmgr.reports.views import bp as reports
from eventmgr.residents.queries import copy
from eventmgr.residents.services import retention
from eventmgr.residents.views import bp as residents

BLUEPRINTS: list[Blueprint] = [
    accounts,
    areas,
    residents,
    home,
    demo,
    meetings,
    residents_page,
    messaging,
    checkin,
    checkin_api,
    self_check_in,
    reports,
    webhooks,
    plans,
]

NAVIGATION: list[NavItem] = [
    NavItem("home.today", _("Today"), "today", None, on_phone=True),
    NavItem("plans.index", _("Plans"), "plan", Permission.VIEW_PLANS),
    NavItem("meetings.index", _("Meetings"), "meeting", Permission.VIEW_MEETINGS, on_phone=True),
    NavItem("residents.index", _("Residents"), "residents", Permission.VIEW_RESIDENTS, on_phone=True),
    NavItem("messaging.index", _("Messages"), "message", Permission.VIEW_MESSAGES),
    NavItem("checkin.board", _("Check-in"), "checkin", Permission.CHECK_IN, on_phone=True),
    NavItem("reports.index", _("Reports"), "report", Permission.VIEW_REPORTS),
    NavItem("home.settings", _("Settings"), "settings", Permission.EDIT_AREAS),
]

PERSONAL_DATA: list[PersonalData] = [
    PersonalData("residents", export=copy.export),  # erases its own part last: services.erasure
    PersonalData(
        "meetings",
        merge_residents=invitations.merge_residents,
        merge_households=invitations.merge_households,
        erase=meetings_erasing.erase,
        export=meetings_erasing.export,
        depends_on_household=invitations.depends_on_household,
    ),
    PersonalData(
        "checkin",
        merge_residents=attendances.merge_residents,
        merge_households=attendances.merge_households,
        erase=checkin_erasing.erase,
        export=checkin_erasing.export,
        depends_on_household=attendances.depends_on_household,
    ),
]

PANELS: list[Panel] = [*meetings_panels, *checkin_panels]

BUDGETS: list[BudgetSource] = [budgets_charged]

REMINDERS_OVER: list[ReminderOver] = [has_refused, is_there_already]

ANSWERS_BY_TEXT: list[AnswerByText] = [answer_by_text]

ADDRESSEES: list[Addressees] = [addressees_of]

RETENTION: list[RetentionRule] = [
    *retention.RETENTION,
    *messaging_erasing.RETENTION,
    *meetings_erasing.RETENTION,
    *checkin_erasing.RETENTION,
]
