"""Taking in a list of 50,000 people on each database, beside reading the bare cells and inserting as many bare rows.

Ours is all that the command does: recognising columns, reading every cell, matching, sealing citizen numbers, writing
households, people, phones, classes, what they are found by, and the register for undoing. A process of its own runs
it, so that its memory at its highest is its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import flask_migrate
import sqlalchemy as sa
import xlsxwriter
from flask import Flask
from python_calamine import CalamineWorkbook

from bench.databases import databases
from bench.memory import highest_megabytes
from eventmgr import create_app
from eventmgr.core.clock import now
from eventmgr.core.db import db, unit_of_work
from eventmgr.core.memory import without_collecting
from eventmgr.residents.importing.parsing import parse_list
from eventmgr.residents.models import Household, Resident
from eventmgr.residents.services.importing import hand_in_list, import_list
from tests.factories import hamlet_of, make_commune, make_household

TOP = Path(__file__).resolve().parents[1]
PEOPLE = 50_000
TO_A_HOUSEHOLD = 4
MOST_TIMES = 3.0
MOST_MEGABYTES = 300
ROUNDS = 3
SECRET = "a key for measuring, long enough to be one"

FAMILIES = "Hoàng Nông Lương Vi Hứa Lý Lộc Bế Chu Lành Triệu Đặng Bàn".split()
MIDDLES = "Văn Thị Minh Đức Ngọc Thu Xuân Hữu Thanh Kim Quốc".split()
GIVEN = "An Ánh Bình Cường Dao Đào Đức Hà Hòa Hương Khánh Lan Linh Mai Nam Oanh Phúc Quý Sơn Thúy Tuấn Uyên Vân Xuyến Yến".split()
FOUR_WORDS = (1, 4, 8)
"""Which of ten people have a name of four words, the others three: so it is in a commune's own list of residents."""
HEADS = (
    "TT hộ",
    "Họ và tên",
    "Quan hệ với chủ hộ",
    "Ngày sinh",
    "Giới tính",
    "Dân tộc",
    "Số CCCD",
    "Mã hộ",
    "Thôn",
    "Loại hộ",
    "SĐT",
)


def run() -> Iterator[dict[str, Any]]:
    """Two lines for each database: the seconds, and how many times the bare ones; the memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = folder / "danh-sach.xlsx"
        write_list(file)
        for database, url in databases(folder):
            bare = min(_bare(url, folder, file, turn) for turn in range(ROUNDS))
            ours = [_ours(url, folder, file) for _ in range(ROUNDS)]
            seconds, megabytes = min(took for took, _ in ours), max(memory for _, memory in ours)
            yield _line(database, f"import of {PEOPLE} people", seconds, "s", bare * MOST_TIMES, seconds / bare)
            yield _line(database, "memory of the import", megabytes, "MB", MOST_MEGABYTES, megabytes / MOST_MEGABYTES)


def _line(database: str, figure: str, value: float, unit: str, floor: float, ratio: float) -> dict[str, Any]:
    return {
        "figure": figure,
        "value": round(value, 2),
        "unit": unit,
        "floor": round(floor, 2),
        "ratio": round(ratio, 2),
        "database": database,
    }


def write_list(file: Path) -> None:
    """A register of residents as communes keep it: a household's own cells stand beside its head."""
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet("Nhân khẩu")
    sheet.write_row(0, 0, HEADS)
    for number in range(PEOPLE):
        household, member = divmod(number, TO_A_HOUSEHOLD)
        family = FAMILIES[household % len(FAMILIES)]
        given = GIVEN[(number // len(MIDDLES)) % len(GIVEN)]
        fourth = f"{GIVEN[number * 7 % len(GIVEN)]} " if number % 10 in FOUR_WORDS else ""
        name = f"{family} {MIDDLES[number % len(MIDDLES)]} {fourth}{given}"
        year = 1940 + number % 60
        row: list[Any] = [
            "",
            name,
            "Con",
            str(year),
            "Nam" if number % 2 else "Nữ",
            "Tày",
            f"020{(number + 1) % 2}{year % 100:02d}{number:06d}",
        ]
        if member == 0:
            row[0], row[2] = household + 1, "Chủ hộ"
            row += [f"06217-{household:05d}", f"Bản Mẫu {household % 16 + 1}", "HN", f"09{household:08d}"]
        sheet.write_row(number + 1, 0, row)
    book.close()


def _app(url: str, folder: Path) -> Flask:
    return create_app({"DATABASE_URL": url, "INSTANCE_PATH": str(folder), "SECRET_KEY": SECRET})


def _bare(url: str, folder: Path, file: Path, turn: int) -> float:
    """Reading the cells and putting as many people into the same table, nothing else."""
    app = _app(url, folder)
    with app.app_context():
        flask_migrate.upgrade()
        with unit_of_work():
            commune = make_commune(f"Trần Trụi {turn}", f"bare-{turn}")
            household = make_household(hamlet_of(commune), head=None)
        begun = time.perf_counter()
        rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()[1:]
        people = [
            {
                "household_id": household.id,
                "full_name": row[1],
                "name_search": row[1],
                "name_sort": row[1],
                "is_head": False,
                "relation": row[2],
                "birth_year": int(row[3]),
                "gender": "male",
                "ethnic_group": row[5],
                "citizen_number_sealed": row[6],
                "citizen_number_digest": row[6],
                "created_at": now(),
            }
            for row in rows
        ]
        with unit_of_work():
            db.session.execute(sa.insert(Resident), people)
        took = time.perf_counter() - begun
        db.session.remove()
        db.engine.dispose()
    return took


def _ours(url: str, folder: Path, file: Path) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.imports", url, str(folder), str(file)],
        cwd=TOP,
        env=os.environ | {"PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    return said["seconds"], said["megabytes"]


def take_in(url: str, folder: Path, file: Path) -> None:
    """What the measured process does: a new commune, and the whole list into it."""
    app = _app(url, folder)
    with app.app_context():
        with unit_of_work():
            commune = make_commune(f"Bình Trung {time.time_ns()}", str(time.time_ns()), hamlets=())
        begun = time.perf_counter()
        with without_collecting():  # as the command does
            content = file.read_bytes()
            parsed = parse_list(content, file.name, date(2023, 6, 1))
            with unit_of_work():
                row = hand_in_list(content, file.name, commune, by=None, now=now())
                result = import_list(row, parsed, by=None, now=now())
        took = time.perf_counter() - begun
        assert result.residents_added == PEOPLE, result
        assert result.households_added == db.session.scalar(
            sa.select(sa.func.count()).select_from(Household).where(Household.commune_id == commune.id)
        )
        db.session.remove()
        db.engine.dispose()
    print(json.dumps({"seconds": took, "megabytes": highest_megabytes()}))


if __name__ == "__main__":
    take_in(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
