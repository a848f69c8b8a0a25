"""The router, who asks, and what an action refuses as an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from ninja import Router
from ninja.errors import HttpError

from .. import actions
from ..models import Journey, JourneyVersion, Passage
from ..rules.duration import RuleError

router = Router(tags=["journeys"])


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404, 409 for another revision, 422 for the rest."""
    try:
        yield
    except (Journey.DoesNotExist, JourneyVersion.DoesNotExist, Passage.DoesNotExist) as error:
        raise HttpError(404, str(error)) from error
    except actions.Conflict as error:
        raise HttpError(409, str(error)) from error
    except actions.NotPublishable as error:
        raise HttpError(422, "; ".join(f"{p.where}: {p.message}" for p in error.problems)) from error
    except RuleError as error:
        raise HttpError(422, f"{error.where}: {error.message}" if error.where else error.message) from error


def actor_of(request: HttpRequest) -> str:
    return str(getattr(request, "actor", "system"))


def find(pk: int) -> Journey:
    return Journey.objects.select_related("version").get(pk=pk)
