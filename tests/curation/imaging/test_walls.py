"""The walls around the decoder: what stands where, what a hostile decoder gets, what goes without."""

import json
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path

import pytest

from curation.imaging import __main__ as audit
from curation.imaging import sandbox
from curation.imaging.child_process import confined_child
from curation.imaging.protocol import DEFAULT, Rebuilt, parse_walls
from curation.imaging.walls import SETTING, Wall, WallsMissing, described
from tests.factories import dicom as makers
from tests.harness.denied_calls import DOCKER, NO_FILTER, NO_LANDLOCK, NO_WALLS, deny, under

ROOT = Path(sandbox.__file__).resolve().parents[2]
ALL, NONE = frozenset(Wall), frozenset[Wall]()
REFUSED = "Operation not permitted"
# Without the filter the limit of descriptors or Landlock answers.
CLOSED = {REFUSED, "Permission denied", "Too many open files"}
CONTENT = (
    "read the key",
    "read the database",
    "read the parent's environment",
    "read the password file",
    "list the folder",
    "write into the database",
    "write outside",
    "write into the output",
    "cut the database",
    "remove the database",
    "rename the key",
    "make a folder",
    "socket AF_INET",
    "socket AF_INET6",
    "socket AF_UNIX",
)


def attempted(folder: Path, denied: Mapping[str, int]) -> tuple[set[str], dict[str, str], str]:
    """Walls that stand, what came of each attempt, and of starting a program."""
    (folder / "out").mkdir()
    (folder / "secret.key").write_text("the key")
    (folder / "consilium.sqlite3").write_text("the votes")
    command = [sys.executable, "-m", "tests.curation.imaging.attempts", str(folder)]
    done = subprocess.run(
        under(denied, command) if denied else command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    report, executed = done.stdout.splitlines()[0], done.stdout.splitlines()[1:]
    told = json.loads(report)
    return set(told["walls"]), told["came"], "\n".join(executed)


@pytest.mark.parametrize(
    "denied",
    [{}, DOCKER, NO_LANDLOCK, DOCKER | NO_LANDLOCK],
    ids=["all granted", "Docker's profile", "no Landlock", "Docker's profile without Landlock"],
)
def test_a_hostile_decoder_gets_nothing(tmp_path: Path, denied: Mapping[str, int]) -> None:
    standing, came, executed = attempted(tmp_path, denied)
    assert standing == ALL
    assert len(came) > 40
    assert {what: result for what, result in came.items() if result != REFUSED} == {}
    assert executed == REFUSED
    assert {path.name for path in tmp_path.rglob("*")} == {"out", "secret.key", "consilium.sqlite3"}
    assert (tmp_path / "consilium.sqlite3").read_text() == "the votes"


def test_without_a_filter_landlock_and_an_empty_network_are_what_stands(tmp_path: Path) -> None:
    standing, came, _ = attempted(tmp_path, NO_FILTER)
    assert standing == {Wall.NETWORK, Wall.FILES}
    assert {what: came[what] for what in CONTENT if came[what] not in CLOSED} == {}
    assert (tmp_path / "consilium.sqlite3").read_text() == "the votes"


def test_without_a_filter_each_wall_is_measured_by_itself(tmp_path: Path) -> None:
    assert attempted(tmp_path, NO_WALLS)[0] == NONE
    again = tmp_path / "again"
    again.mkdir()
    assert attempted(again, NO_FILTER | NO_LANDLOCK)[0] == {Wall.NETWORK}


@pytest.mark.parametrize("denied", [DOCKER, NO_LANDLOCK], ids=["Docker's profile", "no Landlock"])
def test_images_are_decoded_behind_the_filter_alone(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch, denied: Mapping[str, int]
) -> None:
    deny(monkeypatch, denied)
    assert sandbox.standing_walls() == ALL
    names = ("693_J2KI.dcm", "SC_rgb_jpeg_gdcm.dcm")
    outcomes = sandbox.rebuild([makers.BUNDLED / name for name in names], out, key=makers.KEY)
    assert [type(outcome) for outcome in outcomes] == [Rebuilt, Rebuilt]


def test_nothing_is_decoded_without_walls(tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deny(monkeypatch, NO_WALLS)
    source = makers.dicom(tmp_path / "x.dcm")
    with pytest.raises(WallsMissing) as refused:
        sandbox.rebuild([source], out, key=makers.KEY)
    assert refused.value.missing == tuple(Wall)
    assert "not walled off from the network, files and other programs." in str(refused.value)
    assert f"{SETTING}=network,files,calls" in str(refused.value)
    assert list(out.iterdir()) == []
    # The child itself stops: after its first line it says nothing, and the source was not read.
    with source.open("rb") as stream:
        tasks = [{"file_index": 0, "first": 0, "source": stream.fileno()}]
        request = sandbox._Decoder(makers.KEY, DEFAULT, ()).request([], []) | {"tasks": tasks}
        with confined_child(request, DEFAULT, [stream.fileno()]) as (_, output):
            first, second = output.line(), output.line()
        assert first is not None
        assert (parse_walls(first), second, stream.tell()) == (NONE, None, 0)


def test_an_operator_signs_for_each_missing_wall(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deny(monkeypatch, NO_FILTER | NO_LANDLOCK)  # the network is an empty one
    source = makers.dicom(tmp_path / "x.dcm")
    for signed in ([], [Wall.NETWORK], [Wall.FILES], [Wall.CALLS]):
        with pytest.raises(WallsMissing):
            sandbox.rebuild([source], out, key=makers.KEY, without=signed)
    (kept,) = sandbox.rebuild([source], out, key=makers.KEY, without=[Wall.FILES, Wall.CALLS])
    assert isinstance(kept, Rebuilt)


def test_the_audit_tool_refuses_and_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deny(monkeypatch, NO_WALLS)
    call = [str(makers.dicom(tmp_path / "a.dcm")), "--out", str(tmp_path / "new")]
    with pytest.raises(SystemExit) as ended:
        audit.main(call)
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert all(line in told.err for line in described(NONE, without=()))
    assert "Images are not decoded on this server" in told.err
    monkeypatch.setenv(SETTING, "network,files,calls")
    assert audit.main(call) == 0
    monkeypatch.setenv(SETTING, "everything")
    with pytest.raises(SystemExit):
        audit.main(call)
    assert f"{SETTING} has 'everything'" in capsys.readouterr().err


def test_sentences_on_each_wall() -> None:
    assert all("NOT" not in line for line in described(ALL, without=()))
    signed = described({Wall.CALLS}, without=[Wall.FILES])
    assert [("NOT" in line, "signed" in line) for line in signed] == [
        (True, False),
        (True, True),
        (False, False),
    ]


NEEDED = """
import io, sys
from pathlib import Path
from curation.imaging.decoders import load_decoders
load_decoders()
from curation.imaging import child
from curation.imaging.frame_stream import FrameStream
from curation.imaging.protocol import DEFAULT
wanted = []
def heard(event, arguments):
    if event == "import" or event == "open" and not str(arguments[0]).endswith(".py"):
        wanted.append(str(arguments[0]))
sources = [Path(path).open("rb") for path in sys.argv[1:]]
sys.addaudithook(heard)
for source in sources:
    told = child._serve(source, FrameStream(io.BytesIO(), 0, DEFAULT), 0, bytes(32), child.Budget(3, 1 << 40))
    assert "facts" in told, told
print(wanted)
"""


def test_nothing_is_loaded_once_the_walls_stand(tmp_path: Path) -> None:
    """What a library imports on demand would fail behind the walls, and read as damage of the file."""
    from PIL import Image
    from pydicom.charset import python_encoding

    from curation.imaging.vocabulary import DECODERS
    from tests.curation.imaging.test_rendering import SAMPLE

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some sets have no Latin letters; a damaged name is as good here
        texts = [
            makers.dicom(tmp_path / f"{i}.dcm", SpecificCharacterSet=name, PatientName="Doe^Jane")
            for i, name in enumerate(filter(None, python_encoding))
        ]
    photo = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # turned
    Image.new("RGB", (20, 10), "red").save(photo, exif=exif)
    files = [*(makers.BUNDLED / name for name in SAMPLE), *texts, photo]
    done = subprocess.run(
        [sys.executable, "-c", NEEDED, *map(str, files)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
    assert len(DECODERS) == 15
