"""A sender name that no network can carry is refused before anything is sent."""

from __future__ import annotations

import pytest

from eventmgr.config import ConfigError
from tests.messaging.conftest import twilio_settings
from tests.support.twilio_server import TwilioServer

pytestmark = pytest.mark.one_database


@pytest.mark.parametrize("sender", ["UBNDBINHTRUNG", "UBND XA MAU 1"])
def test_a_sender_name_of_more_than_eleven_characters_is_refused_at_start(make_app, twilio: TwilioServer, sender: str):
    with pytest.raises(ConfigError, match="TWILIO_FROM"):
        make_app(**twilio_settings(twilio, TWILIO_FROM=sender))


@pytest.mark.parametrize("sender", ["UBNDXAMAU", "UBND XA MAU", "+84912345678901"])
def test_shorter_names_and_numbers_are_taken(make_app, twilio: TwilioServer, sender: str):
    assert make_app(**twilio_settings(twilio, TWILIO_FROM=sender)).config["TWILIO_FROM"] == sender
