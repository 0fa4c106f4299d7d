"""The log: one line per event, whatever somebody puts into it, and no texts of exceptions."""

import logging
import logging.config
import re
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from consilium.logs import LineFormatter, escape_controls


@pytest.fixture
def log() -> Iterator[StringIO]:
    out = StringIO()
    handler = logging.StreamHandler(out)
    handler.setFormatter(LineFormatter())
    logger = logging.getLogger("consilium.test")
    logger.addHandler(handler)
    yield out
    logger.removeHandler(handler)


def test_an_event_is_one_line_with_time_level_room_and_pairs(log: StringIO) -> None:
    structlog.get_logger("consilium.test").info("job.started", kind="demo", note="two words", n=3)
    line = log.getvalue()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z info    consilium\.test job\.started "
        r"kind=demo n=3 note='two words'\n",
        line,
    )


@pytest.mark.parametrize("text", ["a\r\nb ERROR forged", "\x1b[31mred", "a\u2028b", "a\x00b", "\u202eabc"])
def test_control_characters_cannot_start_a_line_or_paint_the_terminal(log: StringIO, text: str) -> None:
    structlog.get_logger("consilium.test").warning("login.failed", name=text)
    logging.getLogger("consilium.test").warning("plain %s", text)
    lines = log.getvalue()
    assert lines.count("\n") == 2
    assert lines.replace("\n", "").isprintable()


def test_an_exception_is_named_by_type_and_place_never_by_its_text(log: StringIO) -> None:
    try:
        raise KeyError("Jane Doe, born 1970")
    except KeyError:
        structlog.get_logger("consilium.test").exception("import.failed")
        logging.getLogger("consilium.test").exception("import failed")
    lines = log.getvalue()
    assert "Jane" not in lines
    assert lines.count("builtins.KeyError < test_logs.py:") == 2
    assert lines.count("\n") == 2


def test_plain_text_is_left_as_it_is() -> None:
    assert escape_controls("Prüfung 12 µg") == "Prüfung 12 µg"


def test_the_token_of_a_link_never_reaches_the_log(log: StringIO) -> None:
    logging.getLogger("consilium.test").warning("Not Found: %s", "/join/s3cret-Token_value/")
    assert "s3cret" not in log.getvalue()
    assert "/join/..." in log.getvalue()
