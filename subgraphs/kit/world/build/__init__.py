"""How a Journey is put together: a `Draft` of one traveler and, per agency, functions that add facts to it.

Every function adds the fact, the identifiers it gives birth to and the events it causes, so that a story or a generated
life only says what happened.
"""

__all__: list[str] = []
