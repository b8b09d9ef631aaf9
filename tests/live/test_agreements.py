"""``agreementChanged``: a change of the agreements is heard by its parties and by oversight, and makes no sound elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.reloading import reload
from tests.live.listening import Event, Listener, Street
from tests.live.test_terms import movable
from tests.scenarios.asking import TODAY, World

__all__ = ["movable"]

pytestmark = pytest.mark.asyncio(loop_scope="session")

VISA = "agreements/state_ca-cbp-visa.toml"
HEARD = "subscription { agreementChanged { agreementId kinds articles flows state version recipients at epoch } }"
SAFETY = "agreements/obim-all-safety.toml"
CBP, USCIS, CA, ERO, AUDITOR = (*(f"sharing-officer-{each}" for each in ("cbp", "uscis", "ca", "ero")), "auditor")


async def amended(world: World, *changes: tuple[str, str], file: str = VISA) -> str:
    """The epoch after a file of the agreements was changed and read anew."""
    place = world.opened.settings.schema / file
    text = place.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    place.write_text(text, encoding="utf-8")
    done = await reload(world.opened)
    assert done.code == "", done.error
    return done.epoch


SUSPEND = ('status = "active"', 'status = "suspended"')
RESUME = ('status = "suspended"', 'status = "active"')


async def told(street: Street, port: Listener) -> Event:
    """The next change, as soon as the journal is looked at again."""
    while True:
        street.clock.move(1)
        heard = await port.next()
        if heard.name:
            assert heard.name == "next", heard
            return heard


async def silent(street: Street, port: Listener) -> None:
    """Nothing but beats comes, though everything there is was looked at."""
    for _ in range(3):
        street.clock.move(15)
        assert (await port.next()).name == ""
    assert port.blocks.empty()


def said(heard: Event) -> Mapping[str, Any]:
    """What the event tells."""
    found: Mapping[str, Any] = heard.page["data"]["agreementChanged"]
    return found


async def test_both_parties_and_oversight_hear_and_others_do_not(movable: World) -> None:
    """State suspends its agreement with CBP: three hear the same, on record each; USCIS hears nothing."""
    street = Street(movable)
    async with (
        street.listen(CA, HEARD) as state,
        street.listen(CBP, HEARD) as port,
        street.listen(AUDITOR, HEARD) as audit,
        street.listen(USCIS, HEARD) as others,
    ):
        for each in (state, port, audit, others):
            await each.next()
        epoch = await amended(movable, SUSPEND)
        for each in (state, port, audit):
            heard = await told(street, each)
            assert said(heard) == {
                "agreementId": "CA-CBP-VISA", "kinds": ["SUSPENDED"], "articles": [], "flows": [], "state": "suspended",
                "version": said(heard)["version"], "recipients": ["CBP"], "at": TODAY.isoformat().replace("+00:00", "Z"),
                "epoch": epoch,
            }  # fmt: skip
            record = movable.kept.records[heard.page["extensions"]["record"]].as_json()
            assert record["epoch"] == epoch
            assert ("AgreementChange.kinds", "ALLOW") in {
                (one["coordinate"], one["outcome"]) for one in record["disclosed"]
            }
        await silent(street, others)
    assert b"CA-CBP-VISA" not in others.whole


async def test_who_left_is_told_that_and_nothing_of_the_new_text(movable: World) -> None:
    """CBP is out: it hears the name, the instant and that, ERO what was amended; and when CBP is in again it hears so."""
    street = Street(movable)
    out, alone = ('recipients = ["CBP", "ICE_ERO"]', 'recipients = ["ICE_ERO"]'), ('"cbp-supervisor", ', "")
    renamed = ('title = "', 'title = "Only for ERO: ')
    async with street.listen(CBP, HEARD) as port, street.listen(ERO, HEARD) as stays:
        for each in (port, stays):
            await each.next()
        await amended(movable, out, alone, renamed, file=SAFETY)
        left, stayed = [said(await told(street, each)) for each in (port, stays)]
        assert b"ICE_ERO" not in port.whole
        await amended(movable, *((new, old) for old, new in (out, renamed)), file=SAFETY)
        joined = said(await told(street, port))
    assert left == {
        "agreementId": "OBIM-ALL-SAFETY", "kinds": ["LEFT"], "at": left["at"], "articles": None, "flows": None,
        "state": None, "version": None, "recipients": None, "epoch": None,
    }  # fmt: skip
    assert (stayed["kinds"], stayed["recipients"]) == (["AMENDED"], ["ICE_ERO"])
    assert (joined["kinds"], joined["recipients"]) == (["JOINED"], ["CBP", "ICE_ERO"])


async def test_a_stream_goes_on_after_its_last_change_at_another_process(movable: World) -> None:
    """Cut off after the first, two more happen; they come once each and in order, and the first does not again."""
    street = Street(movable)
    async with street.listen(CBP, HEARD) as port:
        await port.next()
        await amended(movable, SUSPEND)
        first = await told(street, port)
    await amended(movable, RESUME)
    await amended(movable, SUSPEND)
    again = Street(movable)
    async with again.listen(CBP, HEARD, resume=first.cursor) as port:
        second, third = await told(again, port), await told(again, port)
        assert [said(each)["kinds"] for each in (second, third)] == [["ACTIVATED"], ["SUSPENDED"]]
        await silent(again, port)
    async with again.listen(CBP, HEARD, resume=third.cursor) as port:
        await port.next()
        await silent(again, port)


async def test_a_date_is_told_at_its_instant_and_not_before(fresh: World) -> None:
    """CBP-VSP-HISTORY is suspended 90 days after its review was due: nobody activates anything."""
    street = Street(fresh)
    live = street.app.state.live
    due = datetime(2026, 12, 14, tzinfo=UTC)

    def turn(at: datetime) -> None:
        live.house = fresh.opened.house = replace(fresh.opened.house, clock=lambda: at)

    turn(due - timedelta(seconds=30))
    async with street.listen(CBP, "subscription { agreementChanged { agreementId kinds state } }") as port:
        await port.next()
        street.clock.move(15)
        assert (await port.next()).name == ""
        turn(due)
        heard = await told(street, port)
        assert said(heard) == {"agreementId": "CBP-VSP-HISTORY", "kinds": ["SUSPENDED"], "state": "suspended"}
        await silent(street, port)


async def test_what_is_asked_comes_under_its_own_names_and_conditions(movable: World) -> None:
    """Aliases, a fragment, ``__typename``, and a field that a variable leaves out."""
    text = """subscription($more: Boolean!) { change: agreementChanged {
      __typename what: kinds ... on AgreementChange { agreementId } state @include(if: $more) version @skip(if: $more)
    } }"""
    street = Street(movable)
    async with street.listen(CBP, {"query": text, "variables": {"more": True}}) as port:
        await port.next()
        await amended(movable, SUSPEND)
        heard = await told(street, port)
    assert heard.page["data"] == {
        "change": {
            "__typename": "AgreementChange",
            "what": ["SUSPENDED"],
            "agreementId": "CA-CBP-VISA",
            "state": "suspended",
        }
    }


@pytest.mark.parametrize("persona", ["cbp-primary-atl", "ero-officer"])
async def test_who_keeps_no_agreements_is_refused_at_once(fresh: World, persona: str) -> None:
    """An officer at the counter works under them; the agreements give these changes to sharing officers and oversight."""
    street = Street(fresh)
    async with street.listen(persona, HEARD) as port:
        await port.holding(b"SUBSCRIPTION_DENIED")
    assert port.status == 403


async def test_a_place_of_which_the_journal_knows_nothing_any_more_is_told(movable: World) -> None:
    """The journal begins later than the cursor: what happened between is not known, and nobody pretends."""
    street = Street(movable)
    async with street.listen(CBP, HEARD) as port:
        first = await port.next()
    journal = movable.opened.journal
    await amended(movable, SUSPEND)
    await amended(movable, RESUME)
    journal.path.write_bytes(journal.entries()[-1].line() + b"\n")
    again = Street(movable)
    async with again.listen(CBP, HEARD, resume=first.cursor) as port:
        await port.holding(b"EVENTS_LOST")
    assert port.status == 410
