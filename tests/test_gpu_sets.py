"""Named sets of GPUs are read or refused by name, and one worker of a host has each."""

import subprocess
import sys
from pathlib import Path

import pytest

from consilium.environment import EnvironmentRefused
from consilium.gpu_sets import OWN, SETS, GpuSet, hold_set, read_own, read_sets

HELD = """
import sys
from pathlib import Path
from consilium.gpu_sets import GpuSet, hold_set
hold_set(GpuSet("pair", (2, 3)), Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_sets_have_names_devices_and_queues() -> None:
    sets = read_sets({SETS: "left=0  right=1 pair-a=2,3"})
    assert sets == (GpuSet("left", (0,)), GpuSet("right", (1,)), GpuSet("pair-a", (2, 3)))
    assert (sets[2].queue, sets[2].visible, str(sets[2])) == ("gpu-pair-a", "2,3", "pair-a: GPUs 2, 3")
    assert str(sets[0]) == "left: GPU 0"
    assert read_sets({}) == ()
    assert read_own({OWN: "right"}, sets) == sets[1]
    assert read_own({OWN: ""}, sets) is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("left", "has 'left'; write sets as name=0,1"),
        ("left=", "write sets as name=0,1"),
        ("left=0,", "write sets as name=0,1"),
        ("left=GPU-7", "write sets as name=0,1"),
        ("Left=0", "write sets as name=0,1"),
        (f"{'x' * 21}=0", "write sets as name=0,1"),
        ("left=0 left=1", "has the name left twice"),
        ("left=0,1 right=1", "has GPU 1 twice"),
        ("left=0,0", "has GPU 0 twice"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(text: str, told: str) -> None:
    with pytest.raises(EnvironmentRefused, match=told):
        read_sets({SETS: text})


def test_a_worker_of_a_set_that_is_not_named_is_refused() -> None:
    with pytest.raises(EnvironmentRefused, match=r"is 'both', which CONSILIUM_GPU_SETS does not name .*left"):
        read_own({OWN: "both"}, read_sets({SETS: "left=0"}))


def test_a_second_worker_of_a_set_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HELD, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentRefused, match="already has the GPU set pair"):
            hold_set(GpuSet("pair", (2, 3)), tmp_path)
        first.kill()
    hold_set(GpuSet("pair", (2, 3)), tmp_path)
