"""A client for programs that ask the gateway: asynchronous, patient, and able to say why a value is not there.

::

    async with Client("http://127.0.0.1:4000/graphql", token=token) as gateway:
        answer = await gateway.ask("query One($id: ID!) { traveler(id: $id) { petitions { nodes { status } } } }", {"id": number})
        print(answer.why("traveler.petitions"))    # withheld by USCIS: NO_AGREEMENT. Ask USCIS's information ...

It knows the wire and nothing of the gateway's insides.
"""

from gateway.client.answer import Answer, Entry, Failure, NotGiven, Why
from gateway.client.client import Client, Refused, Unreachable
from gateway.client.events import Event
from gateway.client.patience import Patience

__all__ = ["Answer", "Client", "Entry", "Event", "Failure", "NotGiven", "Patience", "Refused", "Unreachable", "Why"]
