"""Subscriptions: what happens at the agencies, told to each caller as its agreements allow, the moment it happens.

An event is decided and recorded like any answer (``event``); where it is withheld nothing is sent, not even a gap.
``tail`` follows what happens (``broker``: as NATS tells it), ``cursors`` says where a client was, ``stream`` is one client's subscription, ``live``
holds them all.
"""

from gateway.live.live import Live
from gateway.live.messages import Beat, Ended, Message, Next
from gateway.live.notices import keeping
from gateway.live.places import Places

__all__ = ["Beat", "Ended", "Live", "Message", "Next", "Places", "keeping"]
