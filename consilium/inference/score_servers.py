"""How models that give scores are served: the app that makes them names the program that loads them.

The program is run by its path and with an interpreter of its own (`python -I PROGRAM --socket FD --idle S`),
so that it finds nothing but installed packages and what it looks for itself. It listens on the socket FD,
answers `GET /health` once it is up and `POST /v1/chat/completions` with a completion whose content is a
number, and ends when nobody asked anything for so many seconds; the next request starts it again.
"""

from pathlib import Path
from typing import Final

IDLE_SECONDS: Final = 300
_programs: list[Path] = []


def register(program: Path) -> None:
    """Have this program serve every model that gives scores; there is one."""
    if _programs and _programs != [program]:
        raise ValueError(f"{_programs[0].name} serves scores already.")
    _programs[:] = [program]


def scorer_command(listening: int) -> list[str]:
    """The arguments of the interpreter that start it on an inherited socket."""
    (program,) = _programs
    return ["-I", str(program), "--socket", str(listening), "--idle", str(IDLE_SECONDS)]
