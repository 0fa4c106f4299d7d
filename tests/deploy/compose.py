"""What compose.yaml says, so that it can be followed without Docker: environment, commands, nginx's file."""

import re
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$\$|\$\{(\w+)(?::?[-?]([^}]*))?\}")


@cache
def services() -> dict[str, Any]:
    """The services by name."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


def filled_in(text: str, values: Mapping[str, str]) -> str:
    """The text with its ${VARIABLES} in place; one that has to be given and is not is a KeyError."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "$$":
            return "$"
        return values.get(found[1], "") if ":-" in found[0] else values[found[1]]

    return VARIABLE.sub(value, text)


def environment(service: str, values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a service; names that only pass on what nobody set are left out."""
    given = services()[service].get("environment", {})
    return {name: filled_in(text, values) for name, text in given.items() if text is not None}


def command(service: str, values: Mapping[str, str]) -> list[str]:
    """The command of a service as words."""
    given = services()[service]["command"]
    if isinstance(given, str):
        return ["sh", "-c", f"exec {filled_in(given, values)}"]
    return [filled_in(word, values) for word in given]


def nginx_configuration(values: Mapping[str, str]) -> str:
    """The shipped nginx.conf as the proxy's command changes it."""
    program = command("proxy", values)[2].split(" > ")[0]
    shipped = services()["proxy"]["volumes"][0]
    source, target, _ = shipped.split(":")
    program = program.replace(target, str(ROOT / source))
    done = subprocess.run(
        ["sh", "-c", program], env=environment("proxy", values), check=True, capture_output=True, text=True
    )
    return done.stdout
