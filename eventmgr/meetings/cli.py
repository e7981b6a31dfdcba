"""Commands of the meetings room."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from eventmgr.core.clock import now
from eventmgr.core.db import after_commit, db, unit_of_work
from eventmgr.core.errors import EventmgrError
from eventmgr.meetings.invite_texts import default_texts
from eventmgr.meetings.models import Meeting
from eventmgr.meetings.services.inviting import invite_meetings
from eventmgr.messaging.library import kept_versions, wordings_of
from eventmgr.messaging.tasks import send_due

meetings = AppGroup("meetings", help="Meetings and invitations.")


@meetings.command("invite")
@click.argument("meeting_id", type=int)
@click.option(
    "--text-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Text of the invitation, with placeholders; else the usual one. It is sent without diacritics.",
)
@click.option("--now", "without_approval", is_flag=True, help="Do not wait for a leader's approval.")
@click.option("--over-budget", is_flag=True, help="Send though it costs more than the plan sets aside for SMS.")
def invite_command(meeting_id: int, text_file: Path | None, without_approval: bool, over_budget: bool) -> None:
    """Invite everyone of a meeting and queue their texts. A second run invites only those who are new.

    Prints {"batch_id", "queued", "left_out"}; batch_id is null where nobody was left to text.
    """
    try:
        with unit_of_work():
            meeting = db.session.get(Meeting, meeting_id)
            if meeting is None:
                raise click.ClickException(f"There is no meeting {meeting_id}.")
            texts = default_texts(wordings_of(meeting.area.path), kept_versions(meeting.area.path))
            if text_file is not None:
                texts = replace(texts, invite=text_file.read_text(encoding="utf-8-sig"))
            invited = invite_meetings(
                [meeting],
                texts,
                by=None,
                now=now(),
                base_url=current_app.config["PUBLIC_URL"],
                without_approval=without_approval,
                over_budget=over_budget,
            )
            after_commit(send_due.wake)
    except EventmgrError as refusal:
        raise click.ClickException(refusal.message) from refusal
    answer = {
        "batch_id": invited.batch_ids[0] if invited.batch_ids else None,
        "queued": invited.queued,
        "left_out": len(invited.not_texted),
    }
    click.echo(json.dumps(answer))
