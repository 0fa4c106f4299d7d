"""How a reader wants pages to look: cookies that static/js/preferences.js writes and the server applies.

The server puts them on <html>, so the first paint is already right and no inline script is needed.
"""

from collections.abc import Mapping

COOKIES: dict[str, tuple[str, ...]] = {
    "theme": ("auto", "light", "dark"),
    "text": ("small", "normal", "large", "larger"),
    "keys": ("on", "off"),
}
DEFAULTS = {"theme": "auto", "text": "normal", "keys": "on"}
COOKIE_PREFIX = "consilium_"


def read_preferences(cookies: Mapping[str, str]) -> dict[str, str]:
    """The reader's choices, {name: value}; whatever is missing or unknown falls back to the default."""
    chosen = {name: cookies.get(COOKIE_PREFIX + name, "") for name in COOKIES}
    return {name: value if value in COOKIES[name] else DEFAULTS[name] for name, value in chosen.items()}
