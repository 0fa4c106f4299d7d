"""What every worker clears on its own host."""

import pytest

from consilium.jobs import host_sweeps


def test_each_is_called_at_the_start_and_hourly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[str] = []

    def fails() -> None:
        called.append("fails")
        raise OSError

    def works() -> None:
        called.append("works")

    monkeypatch.setattr(host_sweeps, "_sweeps", [])
    monkeypatch.setattr(host_sweeps, "_again_at", [0.0])
    for sweep in (fails, works, works):
        host_sweeps.register_host_sweep(sweep)
    host_sweeps.sweep_host()
    host_sweeps.sweep_host()  # the hour is not over
    assert called == ["fails", "works"]
    host_sweeps._again_at[0] = 0.0
    host_sweeps.sweep_host()
    assert called == ["fails", "works"] * 2
