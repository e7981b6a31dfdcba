"""The command `report`."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest
from docx import Document
from flask import Flask

from eventmgr.core.db import unit_of_work
from tests.reports.world import World, build_world


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context(), unit_of_work():
        return build_world()


def test_report_on_a_plan_is_written_as_docx(app: Flask, world: World, tmp_path: Path) -> None:
    out = tmp_path / "bao-cao.docx"

    done = app.test_cli_runner().invoke(args=["report", "plan", str(world.plan), "--format", "docx", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "2/4 hội nghị, đạt 50%" in "\n".join(line.text for line in Document(str(out)).paragraphs)


def test_report_on_a_meeting_is_written_as_xlsx_in_vietnamese(app: Flask, world: World, tmp_path: Path) -> None:
    out = tmp_path / "so-lieu.xlsx"
    args = ["report", "meeting", str(world.first), "--format", "xlsx", "--out", str(out)]

    done = app.test_cli_runner().invoke(args=args)
    assert done.exit_code == 0, done.output
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Tổng hợp", "Danh sách tham dự"]
    assert book["Danh sách tham dự"].max_row == 3 + 5


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["plan", "1", "--format", "pdf"], "PDF is not made yet"),
        (["plan", "999", "--format", "docx"], "There is no plan with the number 999"),
        (["meeting", "999", "--format", "xlsx"], "There is no meeting with the number 999"),
    ],
)
def test_what_cannot_be_done_is_said_with_exit_code_2(
    app: Flask, tmp_path: Path, args: list[str], sentence: str
) -> None:
    out = tmp_path / "nothing"

    done = app.test_cli_runner().invoke(args=["report", *args, "--out", str(out)])
    assert done.exit_code == 2
    assert sentence in done.output
    assert not out.exists()
