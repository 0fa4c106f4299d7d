"""Where namespaces are not permitted, whoever asks for the deployment is told so."""

import subprocess
import sys

import pytest

from tests.deploy import network
from tests.deploy.__main__ import main


def refuse(*words: str) -> str:
    raise subprocess.CalledProcessError(
        1, words, stderr="mount --make-shared failed: Operation not permitted\n"
    )


def test_it_says_what_is_missing_and_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(network, "_ip", refuse)
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(sys, "argv", ["tests.deploy"])
    assert main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == (
        "The deployment was not tested: This machine does not permit network namespaces "
        "(mount --make-shared failed: Operation not permitted).\n"
    )


def test_somebody_without_privileges_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["tests.deploy"])
    assert main() == 2
    assert "need Linux and root" in capsys.readouterr().err
