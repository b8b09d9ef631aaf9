"""The facts each agency holds about a traveler, one module an agency, as frozen dataclasses of plain values.

Names are those of the graph in snake_case. Enums are strings (the values are listed in `world.vocabulary`), coded
values are the bare code (the list is named in the field's comment; labels are in `world.codes`), dates are
`datetime.date`, instants are timezone-aware UTC `datetime`, money is USD minor units, references are identifiers.
"""

__all__: list[str] = []
