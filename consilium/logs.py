"""The log: one line per event, control characters escaped, no texts of exceptions (maybe patient data)."""

import logging
import re
import sys
import traceback
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

FRAMES = 6
# The path of such a link (an invitation, a reset, an export to take) is its password: Django logs paths of
# refused requests.
SECRET_LINK = re.compile(r"(/(?:join|take)/)[^/\s]+")


def place_of(problem: BaseException) -> str:
    """Type and place of an exception, innermost call first; never its text."""
    frames = traceback.extract_tb(problem.__traceback__)[-FRAMES:]
    places = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    ]
    return " < ".join([f"{type(problem).__module__}.{type(problem).__qualname__}", *places])


def replace_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Turn `exc_info` into its type and place."""
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    problem = given[1] if isinstance(given, tuple) else given
    if isinstance(problem, BaseException):
        event["exception"] = place_of(problem)
    event.pop("stack_info", None)
    return event


def one_line(logger: WrappedLogger, method: str, event: EventDict) -> str:
    """`time level logger event key=value ...` with everything that is not printable escaped."""
    head = [str(event.pop(name, "-")) for name in ("timestamp", "level", "logger", "event")]
    pairs = [f"{key}={_value(value)}" for key, value in sorted(event.items()) if not key.startswith("_")]
    return escape_controls(SECRET_LINK.sub(r"\1...", " ".join([head[0], f"{head[1]:7}", *head[2:], *pairs])))


def escape_controls(text: str) -> str:
    """The text on one line: control characters and other unprintable ones become escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _value(value: Any) -> str:
    text = str(value)
    return repr(text) if not text or " " in text or "=" in text else text


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Renders events of structlog and records of the standard library alike."""

    def __init__(self, **kwargs: Any) -> None:
        last: list[Processor] = [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            replace_exception,
            one_line,
        ]
        super().__init__(processors=last, foreign_pre_chain=SHARED, keep_exc_info=False)


def configuration(level: str = "INFO") -> dict[str, Any]:
    """Django's LOGGING (a dictConfig): everything to stderr, ours from `level`, libraries from WARNING."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    ours = ("consilium", "dashboard", "curation", "annotation", "training", "benchmark")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "consilium.logs.LineFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": logging.WARNING},
        "loggers": {
            **{name: {"level": level} for name in ours},
            "django": {"handlers": [], "level": logging.INFO, "propagate": True},
            "django.server": {"handlers": [], "level": logging.INFO, "propagate": True},
        },
    }
