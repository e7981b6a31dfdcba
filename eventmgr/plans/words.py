"""The words of this room for people, in the language of the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _

from eventmgr.plans.values import Direction, OutputKind, SectionKind

SECTIONS: Mapping[SectionKind, Any] = {
    SectionKind.LEGAL_BASES: _("Legal bases"),
    SectionKind.PURPOSES: _("Purposes"),
    SectionKind.REQUIREMENTS: _("Requirements"),
    SectionKind.AUDIENCE: _("Whom it addresses"),
    SectionKind.CONTENTS: _("Contents"),
    SectionKind.FORMS: _("Forms of communication"),
    SectionKind.MONEY: _("Money"),
    SectionKind.ORGANISATION: _("How it is organised"),
    SectionKind.RECIPIENTS: _("Recipients"),
}

SECTION_HINTS: Mapping[SectionKind, Any] = {
    SectionKind.LEGAL_BASES: _("The decisions and upper plans this plan follows, one a line."),
    SectionKind.PURPOSES: _("What the year's communication is to bring about."),
    SectionKind.REQUIREMENTS: _("a), b), c)… one a line."),
    SectionKind.AUDIENCE: _("Who is to be reached, one group a line."),
    SectionKind.CONTENTS: _("What is to be told, one item a line. The topics meetings choose from are kept apart."),
    SectionKind.FORMS: _("Meetings, articles, leaflets, posters…"),
    SectionKind.MONEY: _(
        "Where the money comes from; cite the decision. An amount, if there is one, stands in the plan's details."
    ),
    SectionKind.ORGANISATION: _("Who does what, one item a line. Tasks to tick off are kept apart."),
    SectionKind.RECIPIENTS: _("Who gets the paper, one a line."),
}

OUTPUT_KINDS: Mapping[OutputKind, Any] = {
    OutputKind.ARTICLE: _("News item or article"),
    OutputKind.REPORTAGE: _("Reportage"),
    OutputKind.BROADCAST: _("Broadcast by loudspeaker"),
    OutputKind.PANEL: _("Panel"),
    OutputKind.POSTER: _("Poster"),
    OutputKind.LEAFLET: _("Leaflet"),
    OutputKind.HANDBOOK: _("Handbook"),
    OutputKind.BANNER: _("Banner"),
    OutputKind.CONTEST: _("Contest"),
    OutputKind.EMULATION: _("Emulation movement"),
}

DIRECTIONS: Mapping[Direction, Any] = {
    Direction.MADE: _("Made by the commune"),
    Direction.RECEIVED: _("Received from above"),
    Direction.HANDED_OUT: _("Handed out"),
}
