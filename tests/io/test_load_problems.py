"""A file with problems: all of them are listed, each with its path, and nothing is added."""

from __future__ import annotations

import re
import threading
from typing import TYPE_CHECKING

import pytest

import llm_economics as le
from llm_economics.catalog import loading
from llm_economics.catalog.shelves import STOCKS
from llm_economics.core.errors import CatalogError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Load = Callable[[str], None]

ORIGIN = 'source = "my-quote", kind = "disclosed", date = "2026-11", confidence = "seen"'


def datum(value: str) -> str:
    """Write a datum with its provenance."""
    return f'{{ value = "{value}", {ORIGIN} }}'


def chip(line: str) -> str:
    """Write an accelerator with one line."""
    return f'[accelerators."My chip"]\n{line}\n'


SERVICE = f"""
[services."My service".training]
accelerator = "H100 SXM"
accelerators = {datum("8 accelerator")}
duration = {datum("2 day")}
[services."My service".query]
accelerator = "H100 SXM"
output_tokens = {datum("500 token")}
"""

CLAIM = """
[claims.mine]
service = "ChatGPT"
metric = "training-energy"
statement = "50 GWh"
source = "my-quote"
kind = "reported"
date = "2026"
confidence = "seen"
"""

# name: (text of the file, every problem as a pattern)
BAD_FACTS: dict[str, tuple[str, list[str]]] = {
    "no source": (
        chip('power = { value = "5 W", kind = "disclosed", date = "2026", confidence = "seen" }'),
        [r"accelerators/My chip\.power\.source: is missing"],
    ),
    "empty source": (
        chip(f"power = {datum('5 W')}".replace('"my-quote"', "[]")),
        [r"My chip\.power\.source: a figure needs a source"],
    ),
    "unknown source": (
        chip(f"power = {datum('5 W')}".replace("my-quote", "none-such")),
        [r"My chip\.power\.source: there is no source 'none-such'"],
    ),
    "unknown key": (chip("powr = 5"), [r"accelerators/My chip\.powr: there is no such field"]),
    "unknown key of a datum": (
        chip(f"power = {datum('5 W')}".replace(" }", ", unit = 'W' }")),
        [r"My chip\.power: there is no such field \(unit\)"],
    ),
    "wrong dimension": (
        chip(f"power = {datum('5 MWh')}"),
        [r"accelerators/My chip\.power: needs power, .*5 MWh"],
    ),
    "wrong dimension elsewhere": (
        chip(f"power = {datum('5 W')}".replace(" }", f", alternatives = [{datum('5 MWh')}] }}")),
        [r"My chip\.power\.alternatives\[0\]: needs power, .*5 MWh"],
    ),
    "reversed range": (chip(f"power = {datum('9-5 W')}"), [r"My chip\.power: .*9.*5"]),
    "no number": (chip(f"power = {datum('nan W')}"), [r"My chip\.power: .*nan"]),
    "no end": (chip(f"power = {datum('inf W')}"), [r"My chip\.power: .*inf"]),
    "no text": (chip(f"power = {datum('')}"), [r"My chip\.power: "]),
    "bare number": (chip(f"power = {datum('700')}"), [r"My chip\.power: needs power"]),
    "number instead of a datum": (
        chip("power = 700"),
        [r"My chip\.power: needs a table with value, source, kind, date, confidence; got 700"],
    ),
    "number instead of text": (
        chip(f"power = {datum('5 W')}".replace('"5 W"', "5")),
        [r"My chip\.power\.value: needs a text in quotes; got 5"],
    ),
    "date without quotes": (
        chip(f"power = {datum('5 W')}".replace('"2026-11"', "2026-11-01")),
        [r"My chip\.power\.date: needs a text in quotes"],
    ),
    "wrong shape and level": (
        chip(f"power = {datum('5-9 W')}".replace(" }", ', shape = "round", level = "x" }')),
        [r"My chip\.power\.level: needs a number; got 'x'"],
    ),
    "unknown shape": (
        chip(f"power = {datum('5-9 W')}".replace(" }", ', shape = "round" }')),
        [r"My chip\.power: .*round"],
    ),
    "level that is a truth value": (
        chip(f"power = {datum('5-9 W')}".replace(" }", ", level = true }")),
        [r"My chip\.power\.level: needs a number; got True"],
    ),
    "everything about one datum": (
        chip(
            'power = { value = "5 MWh", source = ["none", "my-quote"], kind = "guess", '
            'date = "2026-13", confidence = "high" }'
        ),
        [
            r"My chip\.power\.source: there is no source 'none'",
            r"My chip\.power: Kind \(field kind\) needs one of",
            r"My chip\.power: Confidence \(field confidence\) needs one of",
            r"My chip\.power: Provenance: date is not in the calendar",
            r"My chip\.power: needs power",
        ],
    ),
    "value of a datum with other problems": (
        chip('power = { value = "5 MWh" }'),
        [
            *(rf"My chip\.power\.{key}: is missing" for key in ("source", "kind", "date")),
            r"My chip\.power\.confidence: is missing",
            r"My chip\.power: needs power",
        ],
    ),
    "negative price": (
        chip(f"price = {datum('-3 kUSD')}"),
        [r"accelerators/My chip\.price: needs at least 0 USD/accelerator; got -3"],
    ),
    "wrong plain types": (
        chip("vendor = 5\naliases = 5\nform_factor = []"),
        [
            r"My chip\.vendor: needs a text; got 5",
            r"My chip\.aliases: needs a text or a list of texts; got 5",
            r"My chip\.form_factor: needs a text; got \[\]",
        ],
    ),
    "peaks": (
        chip(f"peaks = {{ bf61 = {datum('1 TFLOP/s')}, bf16 = {datum('1 W')} }}"),
        [
            r"My chip\.peaks\.bf61: there is no number format named 'bf61'",
            r"My chip\.peaks\.bf16: needs a compute rate",
        ],
    ),
    "peak twice": (
        chip(f"peaks = {{ bf16 = {datum('1 TFLOP/s')}, bfloat16 = {datum('2 TFLOP/s')} }}"),
        [r"My chip\.peaks\.bfloat16: bf16 stands here twice"],
    ),
    "peaks without formats": (
        chip("sparse_peaks = 5"),
        [r"My chip\.sparse_peaks: needs a table with one figure for each number format; got 5"],
    ),
    "active above total": (
        (
            f'[models."My model"]\nparameters = {datum("8 Gparameter")}\n'
            f"active_parameters = {datum('70 Gparameter')}\nfamily = 5\n"
        ),
        [
            r"models/My model\.family: needs a text; got 5",
            r"models/My model: Model\.active_parameters needs at most parameters = 8",
        ],
    ),
    "architecture": (
        '[models."My model"]\narchitecture = { layers = "x", heads = 2, experts = 0 }\n',
        [
            r"models/My model\.architecture\.layers: needs a whole number",
            r"models/My model\.architecture\.heads: there is no such field",
            r"models/My model\.architecture\.experts: needs a whole number",
            r"models/My model\.architecture\.hidden_size: is missing",
            *(
                rf"models/My model\.architecture\.{key}: is missing"
                for key in ("source", "kind", "date", "confidence")
            ),
        ],
    ),
    "architecture that is no table": (
        '[models."My model"]\narchitecture = "dense"\n',
        [r"models/My model\.architecture: needs a table of whole numbers; got 'dense'"],
    ),
    "PUE below 1": (
        f"[facilities.mine]\npower_usage_effectiveness = {datum('0.9')}\n",
        [r"facilities/mine\.power_usage_effectiveness: needs at least 1; got 0\.9"],
    ),
    "PUE missing": (
        '[facilities.mine]\noperator = "We"\n',
        [r"facilities/mine\.power_usage_effectiveness: is missing"],
    ),
    "unknown reference": (
        (
            f"[facilities.mine]\npower_usage_effectiveness = {datum('1.1')}\n"
            'grid = "Atlantis"\ntariff = 5\n'
        ),
        [
            r"facilities/mine\.grid: there is no grid named 'Atlantis'",
            r"facilities/mine\.tariff: needs a name in quotes; got 5",
        ],
    ),
    "unknown reference of a service": (
        SERVICE.replace("H100 SXM", "H1000", 1),
        [
            (
                r"services/My service/training\.accelerator: there is no accelerator "
                r"named 'H1000'\. Did you mean '[^']+'"
            )
        ],
    ),
    "service without its parts": (
        '[services."My service"]\noperator = "We"\ntraining = 5\n',
        [
            r"services/My service\.query: is missing",
            r"services/My service\.training: needs a table; got 5",
        ],
    ),
    "what is missing may be what is wrong": (
        SERVICE.replace(f"duration = {datum('2 day')}", f"duration = {datum('2 W')}"),
        [r"services/My service/training\.duration: needs time"],
    ),
    "missing input": (
        SERVICE.replace(f"duration = {datum('2 day')}", "").replace(
            f"accelerators = {datum('8 accelerator')}", ""
        ),
        [r"services/My service/training: TrainingWorkload needs accelerators"],
    ),
    "duplicate name": (
        chip('vendor = "x"').replace("My chip", "h100-sxm"),
        [r"accelerators/h100-sxm: the name 'h100-sxm' belongs to the accelerator 'H100 SXM'"],
    ),
    "alias of another": (
        chip('aliases = ["tpu-v4"]'),
        [r"accelerators/My chip: the name 'tpu-v4' belongs to the accelerator 'TPU v4' already"],
    ),
    "alias of two": (
        '[accelerators.One]\naliases = ["same"]\n[accelerators.Two]\naliases = ["Same"]\n',
        [r"accelerators/Two: the name 'Same' belongs to the accelerator 'One' already"],
    ),
    "name without letters": (
        '[grids."--"]\n',
        [r"grids/--: the name '--' has no letter or digit"],
    ),
    "taken name with another problem": (
        chip("aliases = ['H100']\nvendor = 5"),
        [r"My chip: the name 'H100' belongs to", r"My chip\.vendor: needs a text"],
    ),
    "unknown shelf": (
        '[accelerator."My chip"]\n',
        [r"accelerator: there is no such shelf; did you mean 'accelerators'\?"],
    ),
    "shelf that is no table": (
        'grids = "none"',
        [r"grids: needs one table for each entry; got 'none'"],
    ),
    "entry that is no table": ("[grids]\nmine = 5\n", [r"grids/mine: needs a table; got 5"]),
    "source": (
        (
            '[sources.My_Key]\ntitle = "x"\ndate = "2026"\n[sources.other]\nkey = "x"\n'
            '[sources.third]\ntitle = 5\ndate = "2026"\norganisation = "x"\npage = 3\n'
        ),
        [
            r"sources/My_Key: Source: key needs lower-case letters",
            r"sources/other\.key: there is no such field; the key is 'other'",
            r"sources/third\.title: needs a text in quotes; got 5",
            r"sources/third: there is no such field \(page\)",
        ],
    ),
    "source with a problem that is cited": (
        '[sources.broken]\ntitle = "x"\n'
        + chip(f"power = {datum('5 W')}").replace("my-quote", "broken"),
        [r"sources/broken\.date: is missing"],
    ),
    "claim": (
        CLAIM.replace("training-energy", "training-enrgy") + 'stage = "never"\ncell = 5\n',
        [
            r"claims/mine\.metric: there is no metric named 'training-enrgy'. Did you mean",
            r"claims/mine\.stage: 'never' is not a valid Stage",
            r"claims/mine\.cell: needs a table; got 5",
        ],
    ),
    "value of a claim": (
        CLAIM + 'value = "50 GW"\nunit = "x"\n',
        [
            r"claims/mine\.unit: there is no such field",
            r"claims/mine\.value: needs energy, .*50 GW,",
        ],
    ),
    "claim without provenance": (
        CLAIM.replace('kind = "reported"\n', ""),
        [r"claims/mine\.kind: is missing"],
    ),
    "claim that names nothing known": (
        CLAIM + 'accelerators_named = ["H100", "Z80"]\n',
        [r"claims/mine\.accelerators_named: there is no accelerator named 'Z80'"],
    ),
}


@pytest.mark.parametrize("name", BAD_FACTS)
def test_every_problem_is_listed(name: str, load: Load) -> None:
    """The error lists each problem with its path, and no follow-up problem."""
    text, patterns = BAD_FACTS[name]
    with pytest.raises(CatalogError, match="problem") as caught:
        load(text)
    found = list(caught.value.problems)
    left = [pattern for pattern in patterns if not any(re.search(pattern, line) for line in found)]
    assert not left, caught.value
    assert len(found) == len(patterns), caught.value
    assert all("\n" not in line for line in found)


def test_problems_of_several_entries_come_at_once(load: Load) -> None:
    """One error holds the problems of all shelves, and says how many there are."""
    text = chip("vendor = 5") + "[grids.mine]\nname = 5\n[tariffs.mine]\n" + CLAIM + "cell = 5\n"
    with pytest.raises(CatalogError, match=r"facts\.toml: 4 problems") as caught:
        load(text)
    assert str(caught.value).count("\n  - ") == 4


@pytest.mark.parametrize("name", BAD_FACTS)
def test_nothing_is_added(name: str, load: Load) -> None:
    """After a refusal the catalogue is as before."""
    before = {
        shelf: (stock.opened().tables, stock.opened().keys) for shelf, stock in STOCKS.items()
    }
    with pytest.raises(CatalogError, match="problem"):
        load(BAD_FACTS[name][0])
    after = {shelf: (stock.opened().tables, stock.opened().keys) for shelf, stock in STOCKS.items()}
    assert after == before
    assert "my-quote" not in le.sources


def test_slip_inside_is_undone_too(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that is no problem of the file passes through, and nothing is added."""

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(loading, "_wrong", fail)
    with pytest.raises(KeyboardInterrupt):
        load(chip('vendor = "x"'))
    assert "My chip" not in le.accelerators


def test_corrected_file_can_be_loaded(load: Load) -> None:
    """A range that was read in vain does not stand in the way of its correction."""
    with pytest.raises(CatalogError, match="powr") as kept:
        load(chip(f"power = {datum('500-600 W')}\npowr = 1"))
    load(chip(f"power = {datum('600-700 W')}"))
    power = le.accelerators["My chip"].power
    assert power is not None
    assert str(power.bounds()).startswith("600 .. 700 W")
    assert kept.value.problems


def test_others_never_see_half_a_file(load: Load) -> None:
    """While a bad file is looked at, other threads see nothing of it."""
    text = "".join(chip('vendor = "x"').replace("My chip", f"My chip {n}") for n in range(50))
    seen: set[int] = set()
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.add(len(le.accelerators))

    watchers = [threading.Thread(target=watch) for _ in range(7)]
    before = len(le.accelerators)
    for watcher in watchers:
        watcher.start()
    for _ in range(5):
        with pytest.raises(CatalogError, match="powr"):
            load(text + chip("powr = 5"))
    load(text)
    done.set()
    for watcher in watchers:
        watcher.join()
    assert seen <= {before, before + 50}


def test_one_of_eight_threads_loads_a_file(load: Load, tmp_path: Path) -> None:
    """Eight threads load the same file: one adds it, the others are told that it is there."""
    load("")
    file = tmp_path / "one.toml"
    file.write_text(chip('vendor = "x"'), encoding="utf-8")
    outcomes: list[str] = []
    barrier = threading.Barrier(8)

    def work() -> None:
        barrier.wait()
        try:
            le.catalog.load(file)
            outcomes.append("added")
        except CatalogError:
            outcomes.append("there already")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["added", *["there already"] * 7]
