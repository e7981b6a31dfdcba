"""When texts really leave: said in one sentence before they go."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from flask_babel import force_locale

from eventmgr.messaging.queries import foresee_leaving
from eventmgr.messaging.words import describe_leaving

HERE = ZoneInfo("Asia/Ho_Chi_Minh")


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2023, 6, day, hour, minute, tzinfo=HERE)


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("present", "wanted", "leaves", "sentence"),
    [
        pytest.param(at(14, 9), None, at(14, 9), "", id="by day: at once"),
        pytest.param(
            at(14, 21, 40), None, at(15, 7), "It is 21:40: texts leave tomorrow at 07:00.", id="in the evening"
        ),
        pytest.param(at(15, 2), None, at(15, 7), "It is 02:00: texts leave today at 07:00.", id="after midnight"),
        pytest.param(at(14, 21, 40), at(15, 9), at(15, 9), "", id="an hour by day was chosen"),
        pytest.param(
            at(14, 9),
            at(14, 22),
            at(15, 7),
            "At 22:00 no text leaves: these leave at 07:00 Thursday, 15/6/2023.",
            id="an hour at night was chosen",
        ),
        pytest.param(at(14, 9), at(13, 22), at(14, 9), "", id="an hour that is over means now"),
    ],
)
def test_a_send_says_when_it_really_leaves(in_app, present, wanted, leaves, sentence):
    in_app.config["SMS_NO_SEND_HOURS"] = "21:00-07:00"
    with force_locale("en"):
        leaving = foresee_leaving("/1/", wanted, present)

        assert leaving.at == leaves
        assert str(describe_leaving(leaving, present)) == sentence
