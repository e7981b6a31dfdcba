"""Printed invitations: two to an A4 sheet, for those whom no text reaches."""

from __future__ import annotations

from flask import current_app, render_template, request
from flask_login import current_user

from eventmgr.core.access import Permission, requires, scope
from eventmgr.core.access_log import AccessKind, record_access
from eventmgr.core.clock import local_day, now
from eventmgr.core.db import unit_of_work
from eventmgr.core.settings import PAPER_SIGNER, setting
from eventmgr.core.text import clean_text
from eventmgr.meetings.papers import invitation_paper, paper_head
from eventmgr.meetings.queries.papers import PaperChoice, get_meeting_for_papers, invitations_to_print
from eventmgr.meetings.views import bp

A_SHEET = 2


@bp.get("/meetings/<int:meeting_id>/papers")
@requires(Permission.INVITE)
def papers(meeting_id: int) -> str:
    """The giấy mời of a meeting, ready to print, cut and carry round."""
    meeting = get_meeting_for_papers(scope(Permission.INVITE), meeting_id)
    choice = _choice()
    chosen = request.args.getlist("invitation", type=int)
    invitations = invitations_to_print(meeting, choice, chosen)
    base_url = current_app.config["PUBLIC_URL"] or request.host_url
    copies = [invitation_paper(invitation, base_url=base_url) for invitation in invitations]
    head = paper_head(meeting, setting(meeting.area.path, PAPER_SIGNER, local_day(now())), now=now())
    if copies:
        # Names leave the office on paper: who took them out is kept.
        with unit_of_work():
            record_access(
                AccessKind.EXPORT,
                "invitation_papers",
                by=current_user,
                now=now(),
                record=f"meeting:{meeting.id}",
                area_id=meeting.area_id,
                shown=len(copies),
                filters={"choice": choice.value},
            )
    return render_template(
        "meetings/invitation_papers.html",
        meeting=meeting,
        head=head,
        sheets=[copies[start : start + A_SHEET] for start in range(0, len(copies), A_SHEET)],
        count=len(copies),
        choice=choice,
        chosen=chosen,
        chair=clean_text(request.args.get("chair", ""))[:200],
    )


def _choice() -> PaperChoice:
    wanted = request.args.get("for", "")
    if request.args.getlist("invitation"):
        return PaperChoice.CHOSEN
    return PaperChoice(wanted) if wanted in set(PaperChoice) else PaperChoice.WITHOUT_SMS
