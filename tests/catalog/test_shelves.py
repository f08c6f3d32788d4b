"""Shelves: read-only mappings that forgive spelling, offer the nearest names, share one lock."""

from __future__ import annotations

import copy
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import llm_economics as le
from llm_economics.catalog import shelves
from llm_economics.catalog.shelf import Shelf
from llm_economics.catalog.stock import Stock
from llm_economics.core.errors import CatalogError, LLMEconomicsError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELVES = sorted(shelves.STOCKS)


@pytest.mark.parametrize(
    "spelling",
    ["H100 SXM", "h100", "H100-SXM5", "H100_SXM", "nvidia/h100-sxm5-80gb", " h100 sxm5 80 gb "],
)
def test_lookup_forgives_spelling(spelling: str) -> None:
    """Case, spaces, hyphens and aliases lead to one entry."""
    assert le.accelerators[spelling] is le.accelerators["H100 SXM"]
    assert spelling in le.accelerators
    assert le.accelerators.get(spelling) is le.accelerators["H100 SXM"]


def test_display_name_is_a_name() -> None:
    """What an entry calls itself finds it too."""
    assert le.grids[le.grids["US-TVA"].name] is le.grids["TVA"]


@pytest.mark.parametrize(
    ("shelf", "name", "nearest"),
    [
        ("accelerators", "h100 smx", "H100 SXM"),
        ("accelerators", "tpu v44", "TPU v4"),
        ("models", "llama 3.1 450b", "Llama 3.1 405B"),
        ("services", "chat gtp", "ChatGPT"),
        ("models", "davinc", "davinci"),
    ],
)
def test_miss_offers_the_nearest_names(shelf: str, name: str, nearest: str) -> None:
    """A miss is an error of the library and a KeyError, and says what is near."""
    with pytest.raises(UnknownNameError, match=f"there is no .* named '{name}'. Did you") as caught:
        getattr(le.catalog, shelf)[name]
    assert caught.value.nearest[0] == nearest
    assert isinstance(caught.value, KeyError)
    assert isinstance(caught.value, LLMEconomicsError)


def test_miss_offers_each_entry_once() -> None:
    """Three spellings of one accelerator are one offer."""
    with pytest.raises(UnknownNameError, match="Did you mean") as caught:
        le.accelerators["H100 SXM6"]
    offered = [le.accelerators[name].name for name in caught.value.nearest]
    assert len(offered) == len(set(offered)) == 3


@pytest.mark.parametrize("name", [5, None, ("H100 SXM",), ""])
def test_what_is_no_name_is_missing(name: Any) -> None:
    """Anything but a text is simply not there."""
    assert name not in le.accelerators
    assert le.accelerators.get(name) is None
    with pytest.raises(UnknownNameError, match="there is no accelerator"):
        le.accelerators[name]


@pytest.mark.parametrize("shelf", SHELVES)
def test_shelf_is_a_mapping(shelf: str) -> None:
    """Length, order, membership and completion agree."""
    shown: Mapping[str, Any] = getattr(le.catalog, shelf)
    names = list(shown)
    assert len(shown) == len(names) == len(set(names)) > 0
    assert all(name in shown for name in names)
    assert shown._ipython_key_completions_() == names  # type: ignore[attr-defined]
    assert getattr(le, shelf, shown) is shown  # a few stand at the front door too


@pytest.mark.parametrize("shelf", SHELVES)
def test_shelf_is_read_only(shelf: str) -> None:
    """Nothing can be set, deleted or added."""
    shown = getattr(le.catalog, shelf)
    name = next(iter(shown))
    with pytest.raises(TypeError, match="does not support item assignment"):
        shown[name] = None
    with pytest.raises(TypeError, match="does not support item deletion"):
        del shown[name]
    with pytest.raises(AttributeError, match="extra"):
        shown.extra = 1
    assert not {"add", "clear", "pop", "update"} & set(dir(shown))


@pytest.mark.parametrize("shelf", SHELVES)
def test_shelf_shows_itself(shelf: str) -> None:
    """At the prompt a few names, in a notebook all of them."""
    shown = getattr(le.catalog, shelf)
    assert repr(shown).startswith(f"<{len(shown)} ")
    assert shown._repr_html_().count("<li>") == len(shown)


def test_shelf_shows_few_and_escapes_names() -> None:
    """A short shelf has no dots, and a name is no markup."""
    stock = Stock("thing", lambda: {"<b>": {}, "b": {}}, lambda key, _: key)
    shown = Shelf(stock)
    assert repr(shown) == "<2 thing entries: <b>, b>"
    assert "<li>&lt;b&gt;</li>" in shown._repr_html_()


def test_entry_is_built_when_first_asked_for() -> None:
    """Neither reading nor listing builds anything, and building happens once."""
    built: list[str] = []

    def build(key: str, _: Mapping[str, Any]) -> str:
        built.append(key)
        return key.upper()

    shown = Shelf(Stock("thing", lambda: {"a": {}, "b": {"aliases": ["bee"]}}, build))
    assert list(shown) == ["a", "b"]
    assert built == []
    assert (shown["bee"], shown["B"]) == ("B", "B")
    assert built == ["b"]


def test_each_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All entries of all shelves cost one reading of each file."""
    read: list[str] = []
    original = shelves.read_entries

    def counted(file: Any) -> Any:
        read.append(str(file))
        return original(file)

    monkeypatch.setattr(shelves, "read_entries", counted)
    for name, stock in shelves.STOCKS.items():
        monkeypatch.setattr(stock, "state", None)
        shelf = getattr(le.catalog, name)
        assert len(list(shelf.values())) == len(shelf)
    files = [str(file) for name in shelves.STOCKS for file in shelves._files(name)]
    assert sorted(read) == sorted(files)


def test_entries_are_found_by_identity() -> None:
    """An entry that another one names is the one on the shelf."""
    assert le.services["Grok"].training.accelerator is le.accelerators["H100 SXM"]
    assert le.facilities["google"].grid is le.grids["US"]
    assert copy.copy(le.accelerators)["H100"] is le.accelerators["H100"]


def test_claims_of_a_service_share_their_evidence() -> None:
    """Evidence is gathered once for each service."""
    one, two = le.claims["seed/grok/training-energy"], le.claims["seed/grok/traits"]
    assert one.evidence is not None
    assert two.evidence is not None
    assert one.evidence() is two.evidence()
    assert one.evidence().service is le.services["Grok"]


EIGHT_THREADS = """
import threading
import llm_economics as le

barrier, found, errors = threading.Barrier(8), [], []
WAYS = [
    lambda: le.accelerators["H100"],
    lambda: le.facilities["google"].grid,
    lambda: le.services["Grok"].training.accelerator,
    lambda: le.claims["seed/grok/traits"].evidence().accelerators["H100 SXM"],
]

def work(place):
    barrier.wait()
    try:
        for step in range(4):
            found.append((step + place) % 4)
            WAYS[(step + place) % 4]()
        found.append(id(le.accelerators["H100"]))
    except BaseException as error:
        errors.append(repr(error))

threads = [threading.Thread(target=work, args=(place,), daemon=True) for place in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(timeout=60)
assert not errors, errors
assert not any(thread.is_alive() for thread in threads), "two threads wait for each other"
assert len({x for x in found if x > 3}) == 1
print("one catalogue")
"""


@pytest.mark.parametrize("attempt", range(3))
def test_eight_threads_at_first_use(attempt: int) -> None:
    """In a new process, eight threads that come by different ways get one catalogue."""
    command = [sys.executable, "-W", "error", "-c", EIGHT_THREADS]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "one catalogue", done.stderr


def test_a_key_in_two_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry stands in one file of its shelf."""
    one = shelves._files("tariffs")[0]
    monkeypatch.setattr(shelves, "_files", lambda _: [one, one])
    with pytest.raises(CatalogError, match=r"tariffs/.*: stands in two files of the catalogue"):
        shelves._tables("tariffs")
