"""Names with a vendor in front or a memory size behind: found where one entry can be meant."""

from __future__ import annotations

import pytest

import llm_economics as le
from llm_economics.catalog.shelf import Shelf
from llm_economics.catalog.stock import Stock
from llm_economics.core.errors import CatalogError


class Torn(dict[str, object]):
    """A table that cannot be read beyond its names."""

    def get(self, key: str, default: object = None) -> object:
        if key == "memory":
            raise CatalogError("a file", ["torn"])
        return super().get(key, default)


TABLES = {
    "A1": {"aliases": ["A1 PCIe 40 GB"], "memory": {"value": "80 GiB"}},
    "B2 96 GB": {"aliases": ["B2 big"]},
    "B2 192 GB": {},
    "C3": {"memory": "unclear"},
    "D4": {"memory": {"value": "none"}},
    "E5": Torn(),
    "F6": {"memory": {"value": "141 GiB"}},
    "two/parts": {},
}
SHELF: Shelf[str] = Shelf(Stock("thing", lambda: TABLES, lambda key, _: key))

FOUND = [
    ("maker/A1", "A1"),
    ("maker/a1-80gb", "A1"),
    ("A1 (80 GB)", "A1"),
    ("A1-80GiB", "A1"),
    ("maker/A1-PCIe-40GB", "A1"),
    ("maker/b2-96gb", "B2 96 GB"),
    ("maker/B2_192GB", "B2 192 GB"),
    ("maker/B2-big", "B2 96 GB"),
    ("C3 16GB", "C3"),
    ("D4 16GB", "D4"),
    ("E5 16GB", "E5"),
    ("f6-141gb", "F6"),
    ("two-parts", "two/parts"),
]
MISSED = [
    "A1 40GB",  # it has 80
    "A1 PCIe 80GB",  # this name belongs to 40
    "maker/B2",  # two entries
    "B2 100GB",
    "F6 80GB",
    "a/b/A1",
    "/",
    "maker/",
    "80GB",
    "maker/80GB",
    "A180GB",
]


@pytest.mark.parametrize(("name", "key"), FOUND)
def test_name_is_found(name: str, key: str) -> None:
    """The entry is meant beyond doubt."""
    assert name in SHELF
    assert SHELF[name] == key


@pytest.mark.parametrize("name", MISSED)
def test_name_is_missed(name: str) -> None:
    """Another size, several entries, or no name at all: nothing is guessed."""
    assert name not in SHELF
    with pytest.raises(KeyError, match=r"there is no thing"):
        SHELF[name]


def test_a_key_is_found_by_itself() -> None:
    """An alias of one entry does not hide another entry, whatever their order."""
    shelf: Shelf[str] = Shelf(
        Stock("thing", lambda: {"a": {"aliases": "b"}, "b": {}}, lambda k, _: k)
    )
    assert (shelf["a"], shelf["b"]) == ("a", "b")


@pytest.mark.parametrize(
    ("shelf", "name", "found"),
    [
        ("models", "meta-llama/Llama-3.1-405B", "Llama 3.1 405B"),
        ("models", "nobody/Llama-3.1-405B", "Llama 3.1 405B"),
        ("accelerators", "nvidia/H100-SXM5-80GB", "H100 SXM"),
        ("accelerators", "somebody/h100 80gb", "H100 SXM"),
        ("accelerators", "nvidia/a100-sxm4-40gb", "A100 SXM 40 GB"),
    ],
)
def test_names_of_other_tools(shelf: str, name: str, found: str) -> None:
    """Names as cloud tools and model hubs write them."""
    assert getattr(le, shelf)[name].name == found
