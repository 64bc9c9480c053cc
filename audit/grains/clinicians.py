"""Who gave a visit: the person behind a note, the same under every name and number the files use for them."""

from __future__ import annotations

import pandas as pd

from audit.grains.notes import author_of
from audit.shared_text import SHARED
from audit.texts import once_each, told_of


def clinician_of(notes: pd.DataFrame, providers: pd.DataFrame) -> pd.Series[str]:
    """The NPI of each note's author, their name where they have none on file, "" where nobody can be told.

    An assistant under a therapist's number is a person of their own, known by name, and so is anybody whose last name
    is not that of the number's owner. Looks at nothing but the note
    and the providers, so that it says the same of a note in any part of the tables.
    """
    name = _folded(notes["author_name"])
    listed = providers.assign(name=_folded(providers["name"]), role=author_of(providers["credential"]))
    named = listed[(listed["name"] != "") & ~listed.duplicated("name", keep=False)].set_index("name")["npi"]
    roles = listed.drop_duplicates("npi").set_index("npi")["role"]
    number = notes["rendering_npi"]
    of_another = (author_of(notes["author_credential"]) == "assistant") & (number.map(roles) != "assistant")
    owner = told_of(number, listed.drop_duplicates("npi").set_index("npi")["name"])
    of_another |= (name != "") & (owner != "") & (_last(name) != _last(owner))
    by_name = name.map(named).astype("object")
    otherwise = number.mask((number == "") | of_another, name)
    return by_name.where(by_name.notna(), otherwise).astype(SHARED)


@once_each
def _folded(name: pd.Series[str]) -> pd.Series[str]:
    """A name without credentials, points and spelling of capitals: "Odalys Pinter, COTA/L" is "odalys pinter"."""
    first = name.str.split(",").str[0].fillna("").astype("str")
    return first.str.lower().str.replace(r"[^\w' -]", "", regex=True).str.split().str.join(" ").fillna("").astype("str")


@once_each
def _last(name: pd.Series[str]) -> pd.Series[str]:
    return name.str.split(" ").str[-1].fillna("").astype("str")
