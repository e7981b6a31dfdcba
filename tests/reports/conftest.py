"""Writers and chart speak the language of whoever downloads: here Vietnamese, without a database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_babel import Babel

TRANSLATIONS = Path(__file__).parents[2] / "eventmgr" / "translations"


@pytest.fixture
def in_vietnamese() -> Iterator[None]:
    app = Flask("reports-test")
    Babel(app, default_locale="vi", default_translation_directories=str(TRANSLATIONS))
    with app.test_request_context():
        yield
