"""Sweeps in chunks: Dask computes them, with the digits of a sweep in memory."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_economics.core import labelled
from llm_economics.core.axis import axis
from llm_economics.core.chunked import sizes_within
from llm_economics.core.errors import MissingInputError, RangeError
from llm_economics.core.reading import between, uniform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from llm_economics.core.sweep import Sweep

dask = pytest.importorskip("dask")
pytest.importorskip("xarray")

PRICE = between(0.04, 0.12, "USD/kWh", name="price")
MFU = uniform(0.3, 0.5, name="mfu")
COST = (between(3, 6, "GWh", name="energy") * PRICE / MFU**2).to("kUSD")

ASKED: dict[str, Callable[[Sweep], Any]] = {
    "central": lambda s: s.central(),
    "mean": lambda s: s.mean(points=256),
    "quantiles": lambda s: s.quantiles(0.05, 0.95, points=256),
    "monte-carlo": lambda s: s.quantiles(0.5, points=100, method="monte-carlo", rng=4),
}


def sweep(chunks: Any = None, sizes: tuple[int, int] = (23, 7)) -> Sweep:
    """A small sweep; the second axis stands in the formula."""
    load = axis(1.0, 2.0, sizes[1], name="load")
    return (COST * load).sweep(price=axis(0.03, 0.2, sizes[0], "USD/kWh"), chunks=chunks)


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
@given(chunks=st.integers(1, 50_000) | st.fixed_dictionaries({"price": st.integers(1, 40)}))
def test_digits_of_the_sweep_in_memory(ask: Callable[[Sweep], Any], chunks: Any) -> None:
    """Whatever the chunks, the numbers have the same digits."""
    with dask.config.set(scheduler="synchronous"):
        found = ask(sweep(chunks)).compute()
    whole = ask(sweep())
    np.testing.assert_array_equal(found.values.magnitude, whole.values.magnitude, strict=True)
    assert found.dims == whole.dims
    assert found.values.units == whole.values.units
    assert not found.is_lazy


def test_nothing_is_computed_before_it_is_needed() -> None:
    """A sweep over a thousand million cells is made at once, and any part of it computed."""
    big = COST.sweep(
        price=axis(0.03, 0.2, 1_000_000, "USD/kWh"),
        mfu=axis(0.2, 0.6, 1000),
        chunks=10_000_000,
    )
    found = big.central()
    assert found.is_lazy
    assert "computed on demand, 100 chunks of up to 10000000 numbers" in repr(found)
    array = found.to_xarray()
    assert array.sizes == {"price": 1_000_000, "mfu": 1000}
    assert array.chunksizes["price"][0] == 10_000
    assert array["price"].attrs["units"] == "USD/kWh"


def test_parts_of_a_chunked_sweep() -> None:
    """Places, values, units and reductions work before anything is computed."""
    lazy, whole = sweep(10).central(), sweep().central()
    assert lazy[3, 2] == whole[3, 2]
    part = lazy.sel(price="0.1 USD/kWh").to("USD").compute()
    np.testing.assert_allclose(
        part.values.magnitude, whole.sel(price="0.1 USD/kWh").to("USD").values.magnitude, rtol=1e-15
    )
    largest = lazy.to_xarray().max().compute()
    assert float(largest) == whole.values.magnitude.max()
    with pytest.raises(RangeError, match=r"compute\(\).to_frame\(\)"):
        lazy.to_frame()
    assert lazy.compute().to_frame().shape == (161, 3)


def test_long_axes_are_chunked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A coordinate that is too long for an index stays with Dask."""
    monkeypatch.setattr("llm_economics.core.sweep.LONGEST_INDEX", 10)
    lazy, whole = sweep(28).central(), sweep().central()
    assert not isinstance(lazy.coords["price"].magnitude, np.ndarray)
    assert "0.03 … 0.2 USD/kWh (23)" in repr(lazy)
    array = lazy.to_xarray()
    assert set(array.coords) == {"price", "load"}
    assert not array.indexes
    np.testing.assert_array_equal(array["price"].to_numpy(), whole.coords["price"].magnitude)
    assert lazy.sel(price="0.1 USD/kWh", load=1.5) == whole.sel(price="0.1 USD/kWh", load=1.5)
    known = lazy.compute()
    np.testing.assert_array_equal(known.coords["price"].magnitude, whole.coords["price"].magnitude)
    assert isinstance(known.coords["price"].magnitude, np.ndarray)
    assert labelled.LONGEST_INDEX > 10


@pytest.mark.parametrize(
    ("shape", "numbers", "sizes"),
    [
        ((1_000_000, 1000), 10_000_000, (10_000, 1000)),
        ((10, 1000), 300, (1, 300)),
        ((5, 5), 1000, (5, 5)),
        ((5, 5), 0, (1, 1)),
        ((7,), 3, (3,)),
    ],
)
def test_size_of_chunks(shape: tuple[int, ...], numbers: int, sizes: tuple[int, ...]) -> None:
    """Whole last axes as far as they fit, at least one cell."""
    assert sizes_within(shape, numbers) == sizes


def test_points_count_too() -> None:
    """Where each cell has points, a chunk has fewer cells; quantiles are never cut."""
    numbers = sweep(256 * 10).quantiles(0.05, 0.5, 0.95, points=256).values.magnitude
    assert numbers.chunksize == (1, 7, 3)
    by_name = sweep({"price": 5}).quantiles(0.5, points=256).values.magnitude
    assert by_name.chunksize == (5, 7, 1)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (10, "these chunks would be 100000000; at most 100000"),
        ({"price": 1_000_000}, "a chunk would have 1000000000 cells; at most 100000000"),
    ],
    ids=["many", "large"],
)
def test_chunks_of_no_use(chunks: Any, message: str) -> None:
    """Chunks that are far too many, or too large for memory, are refused."""
    big = COST.sweep(
        price=axis(0.03, 0.2, 10**6, "USD/kWh"), mfu=axis(0.3, 0.5, 1000), chunks=chunks
    )
    with pytest.raises(RangeError, match=message):
        big.central()


def test_progress_of_threads(capsys: pytest.CaptureFixture[str]) -> None:
    """A bar is printed while threads of this process compute."""
    found = sweep(10).central().compute(progress=True)
    assert "100% Completed" in capsys.readouterr().out
    np.testing.assert_array_equal(found.values.magnitude, sweep().central().values.magnitude)


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Dask the error says how to get it."""
    monkeypatch.setitem(sys.modules, "dask.array", None)
    with pytest.raises(MissingInputError, match=r"sweep\(chunks=...\) needs dask.array"):
        sweep(10).central()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Return a client of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.worker.daemon": True}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_worker_processes(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Other processes give the same digits, and show how far they are."""
    for ask in ASKED.values():
        found = ask(sweep(2000)).compute()
        np.testing.assert_array_equal(found.values.magnitude, ask(sweep()).values.magnitude)
    largest = sweep(10).central().to_xarray().max().compute()
    assert float(largest) == sweep().central().values.magnitude.max()
    found = sweep(10).central().compute(progress=True)
    assert "100% Completed" in capsys.readouterr().out
    np.testing.assert_array_equal(found.values.magnitude, sweep().central().values.magnitude)
    with dask.config.set(scheduler="synchronous"):
        here = sweep(10).central().compute(progress=True)
    np.testing.assert_array_equal(here.values.magnitude, found.values.magnitude)


def test_loaded_but_without_a_client() -> None:
    """The package alone, without a client, leaves the work to threads."""
    pytest.importorskip("distributed")
    assert sweep(10).central().compute(progress=True).shape == (23, 7)
