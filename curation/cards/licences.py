"""Licences by the identifiers that the Hugging Face Hub knows. Pure."""

import re
from collections.abc import Collection
from typing import Final

CREATIVE_COMMONS: Final = {
    f"cc-{terms}-{version}"
    for terms, versions in {
        "by": ("2.0", "2.5", "3.0", "4.0"), "by-sa": ("3.0", "4.0"), "by-nc": ("2.0", "3.0", "4.0"),
        "by-nd": ("4.0",), "by-nc-nd": ("3.0", "4.0"), "by-nc-sa": ("2.0", "3.0", "4.0"),
    }.items()
    for version in versions
}  # fmt: skip
HUB: Final = CREATIVE_COMMONS | {
    "cc0-1.0", "apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "odc-by", "odbl", "pddl", "c-uda",
    "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "etalab-2.0", "gfdl", "gpl-2.0",
    "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "mpl-2.0", "unlicense",
}  # fmt: skip
WORDS: Final = (
    (r"creative\s*commons", "cc"), (r"attribution", "by"), (r"non[\s-]*commercial", "nc"),
    (r"share[\s-]*alike", "sa"), (r"no[\s-]*deriv(?:ative)?s?(?:\s*works)?", "nd"), (r"zero", "0"),
    (r"international|universal|unported|public licen[cs]e|licen[cs]e|version|\bthe\b|\bv(?=\d)", " "),
)  # fmt: skip
SAME: Final = {
    "cc0": "cc0-1.0", "cc-0": "cc0-1.0", "cc-0-1.0": "cc0-1.0", "cc-cc0-1.0": "cc0-1.0",
    "apache": "apache-2.0", "apache-2": "apache-2.0", "odbl-1.0": "odbl", "odc-by-1.0": "odc-by",
    "pddl-1.0": "pddl",
}  # fmt: skip
LINKS: Final = {
    **{name: f"https://creativecommons.org/licenses/{name[3:-4]}/{name[-3:]}/" for name in CREATIVE_COMMONS},
    "cc0-1.0": "https://creativecommons.org/publicdomain/zero/1.0/",
}


def hub_licence(written: str) -> str:
    """The Hub's identifier of a licence that somebody wrote; empty where it is none that the Hub knows."""
    name = written.lower()
    for pattern, short in WORDS:
        name = re.sub(pattern, short, name)
    name = re.sub(r"[^a-z0-9.]+", "-", name).strip("-.")
    name = SAME.get(name, name)
    return name if name in HUB else ""


def licence_of_all(licences: Collection[str]) -> str:
    """The Hub's identifier where all licences are that one; else empty."""
    known = {hub_licence(written) for written in licences}
    return known.pop() if len(known) == 1 else ""


def licence_slug(licences: Collection[str]) -> str:
    """A name for what the Hub has no identifier for: that of the only licence, or of there being several."""
    slugs = {re.sub(r"[^a-z0-9.]+", "-", written.lower()).strip("-.") for written in licences}
    return (slugs.pop() or "not-named") if len(slugs) == 1 else "several-licences"
