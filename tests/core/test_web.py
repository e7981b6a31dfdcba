"""What every answer has in common."""

from __future__ import annotations

import logging

import pytest
from flask import Flask

from eventmgr.core.access import public

PHONE = "+84912345678"


@pytest.mark.one_database
def test_an_unforeseen_failure_says_sorry_and_logs_where_but_no_persons_data(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    @app.get("/fails")
    @public
    def fails() -> str:
        raise RuntimeError(f"Key (phone)=({PHONE}) already exists")

    app.testing = False
    with caplog.at_level(logging.INFO):
        answer = app.test_client().get("/fails")

    assert answer.status_code == 500
    assert PHONE not in answer.get_data(as_text=True) + caplog.text
    assert "RuntimeError" in caplog.text
    assert "in fails" in caplog.text
