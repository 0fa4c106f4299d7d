"""Mail boxes, addresses of the internet, places of files, and access tokens."""

import re
from typing import Final

from curation.text.rule import Rule, before, words

_DOT: Final = r"(?:\.|\s?(?:\(\.\)|\[\.\]|\(dot\)|\[dot\]|\sdot\s)\s?)"
_TOP: Final = (
    r"(?:com|org|net|edu|gov|mil|int|info|eu|de|ch|at|fr|es|it|nl|be|uk|ie|us|ca|au|pl|tr|in|cn|jp|br|pt"
    r"|se|no|dk|fi|io)"
)
# A sentence may end and the next begin without a blank: these are no words.
_SURE_TOP: Final = r"(?:com|org|net|edu|gov|info|local|intern|lan|eu|de|ch|fr|uk|nl|pl|co\.uk|nhs\.uk|ac\.uk)"
_TOP_SIGNS: Final = tuple(
    f".{top}"
    for top in words(
        "com org net edu gov mil int info local lan eu de ch at fr es it nl be uk ie us ca au pl "
        "tr cn jp br pt se no dk fi io"
    )
)
_VERSION: Final = re.compile(r"(?:version|release|software|v|section|oid|uid|ec)\W{0,2}\Z")


def _is_host(found: re.Match[str]) -> bool:
    """Whether four numbers are an address and no section of a text (1.2.3.4)."""
    parts = [int(part) for part in found["host"].split(".")]
    return 10 <= max(parts) <= 255 and not _VERSION.search(before(found))


def _is_six(found: re.Match[str]) -> bool:
    """Whether parts with colons are an address of version 6 and no time of day."""
    return found.group().count("::") == 1 or found.group().count(":") == 7


INTERNET: Final = (
    Rule(
        "email",
        re.compile(
            rf"[\w.+-]{{1,64}}\s?(?:@|\(at\)|\[at\]"
            rf"|<at>)\s?[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,5}}{_DOT}[a-z]{{2,8}}"
        ),
        signs=("@", "(at)", "[at]", "<at>"),
        digits=0,
        low=True,
    ),
    Rule(
        "email",
        re.compile(
            r"[\w.+-]{2,64}\s(?:at|\(at\)|@)\s[\w-]{1,63}(?:\s?(?:\(dot\)|\[dot\]|\.|\sdot\s|\spoint\s"
            r"|\spunkt\s)\s?[\w-]{1,63}){0,4}"
            rf"\s?(?:\(dot\)|\[dot\]|\sdot\s|\spunkt\s)\s?{_TOP}\b"
        ),
        signs=("dot", "punkt"),
        digits=0,
        low=True,
    ),
    Rule(
        "url",
        re.compile(
            r"\b(?:h(?:tt|xx)ps?|ftps?|sftp|file|s3|gs|smb|dicom|dicomweb)(?:://"
            r"|\[:\]//)\S{0,500}[^\s.,;:)\]}'\"]"
        ),
        signs=("//",),
        digits=0,
        low=True,
    ),
    Rule(
        "url",
        re.compile(
            r"(?<!\w)www\s?(?:\.|\[\.\]|\(dot\))\s?[\w-]{1,63}(?:\s?(?:\.|\[\.\]"
            r"|\(dot\))\s?[\w-]{1,63}){1,5}(?:/\S*)?"
        ),
        signs=("www",),
        digits=0,
        low=True,
    ),
    Rule(
        "url",
        re.compile(r"(?<![\w@.-])[a-z\d][a-z\d-]{0,62}(?:(?:\[\.\]|\(dot\))[a-z\d-]{1,63}){1,6}(?:/\S*)?"),
        signs=("[.]", "(dot)"),
        digits=0,
        low=True,
    ),
    Rule(
        "url",
        re.compile(
            rf"(?<![\w@.-])(?:[a-z\d][a-z\d-]{{0,62}}\.){{1,6}}(?:{_SURE_TOP}\b"
            rf"(?!\.\w)(?::\d{{2,5}})?(?:/\S*)?|{_TOP}(?:(?::\d{{2,5}})?/\S+))"
            rf"|(?<![\w@.-])(?:[a-z\d-]{{0,62}}-[a-z\d-]{{1,62}}\."
            rf"|(?:[a-z\d-]{{2,63}}\.){{1,4}}[a-z\d-]{{4,63}}\.){_TOP}\b(?!\.\w)"
            r"|(?<![\w@.-])(?:[A-Z\d][A-Z\d-]{2,62}\.){1,4}(?:COM|ORG|NET|EDU|GOV|NHS\.UK|CO\.UK"
            r"|AC\.UK)\b(?:/\S*)?"
        ),
        signs=_TOP_SIGNS,
        digits=0,
    ),
    Rule(
        "url",
        re.compile(r"(?P<host>\d(?<![\w.]\d)\d{0,2}(?:\.\d{1,3}){3})(?!\w|\.\d)"),
        digits=4,
        check=_is_host,
    ),
    Rule(
        "url",
        re.compile(r"(?<![\w:.])[\da-f]{1,4}(?:::?[\da-f]{1,4}){2,7}(?![\w:])"),
        signs=(":",),
        digits=2,
        low=True,
        check=_is_six,
    ),
)
FILES: Final = (
    Rule(
        "path",
        re.compile(
            r"(?:^|(?<=[\s\"'(=]))(?:/(?:home|root|users|var|tmp|mnt|data|srv|opt|etc)/|[A-Za-z]:\\\w"
            r"|\\\\\w+\\)\S*",
            re.IGNORECASE,
        ),
        signs=("/", "\\"),
        digits=0,
    ),
    Rule(
        "token",
        re.compile(r"hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{20,}|gh[pousr]_[A-Za-z0-9]{30,}|AKIA[A-Z0-9]{16}"),
        signs=("hf_", "sk-", "gh", "akia"),
        digits=0,
    ),
)
