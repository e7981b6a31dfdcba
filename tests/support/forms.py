"""Filling in a page's form as somebody at a browser would."""

from __future__ import annotations

from typing import Any

from bs4 import BeautifulSoup
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def fields_of(page: str, method: str = "post") -> dict[str, Any]:
    """What the first form of a page's content would send, untouched."""
    form = BeautifulSoup(page, "lxml").select_one(f"main form.form[method={method}]")
    assert form is not None, "the page has no form"
    sent: dict[str, Any] = {}
    for field in form.select("input[name], select[name], textarea[name]"):
        name, kind = str(field["name"]), field.get("type")
        if kind in ("checkbox", "radio"):
            if field.has_attr("checked"):
                sent.setdefault(name, []).append(field.get("value", "y"))
        elif field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            sent[name] = chosen.get("value", "") if chosen else ""
        else:
            sent[name] = field.get("value", "") if field.name == "input" else field.text
    return sent


def fill(client: FlaskClient, address: str, **typed: Any) -> TestResponse:
    """Open a page, type into its form, send it. None leaves a field out, as an unticked box is."""
    sent = fields_of(client.get(address).text) | typed
    return client.post(address, data={name: value for name, value in sent.items() if value is not None})
