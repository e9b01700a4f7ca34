"""The BibTeX entries."""

import re

import pytest
from pybtex.database import parse_string

from thinice_tui.report.references import WORKS, bibtex

ENTRY = re.compile(r"@(\w+)\{([a-z0-9]+),\n((?:  \w+ += \{.*\},\n)+)\}")


@pytest.mark.parametrize("key", WORKS)
def test_each_entry_is_well_formed_and_complete(key: str) -> None:
    found = ENTRY.fullmatch(bibtex((key,)))
    assert found is not None and found[2] == key
    fields = dict(re.findall(r"  (\w+) += \{(.*)\},\n", found[3]))
    assert {"author", "title"} <= set(fields)
    if found[1] != "software":
        assert {"inproceedings": "booktitle", "article": "journal", "book": "publisher"}[found[1]] in fields
        assert re.fullmatch(r"\d{4}", fields["year"]) and fields["year"] in key
    assert all(value.count("{") == value.count("}") and value.isascii() for value in fields.values())


def test_each_work_is_listed_once_in_order() -> None:
    text = bibtex(("mcnemar1947note", "piras2023samples", "mcnemar1947note"))
    assert re.findall(r"@\w+\{(\w+)", text) == ["mcnemar1947note", "piras2023samples"]


def test_a_bibtex_processor_reads_every_entry() -> None:
    """By pybtex, which knows persons: each author has a last name, and a first one but for the tool's developers."""
    found = parse_string(bibtex(tuple(WORKS)), "bibtex").entries
    assert set(found) == set(WORKS)
    for key, entry in found.items():
        authors = entry.persons["author"]
        assert authors and all(person.last_names for person in authors)
        assert key == "thinicetui" or all(person.first_names for person in authors)
        assert key == "thinicetui" or key.startswith(re.sub(r"\W", "", authors[0].last_names[-1].lower())[:4])
