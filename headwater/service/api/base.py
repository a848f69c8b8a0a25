"""The router of service, and how a refusal becomes an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError
from ninja import Router
from ninja.errors import HttpError

from .. import actions

router = Router(tags=["service"])


@contextmanager
def refusals() -> Iterator[None]:
    """What an action refuses, as an answer: 404 for what is not there, 409 for another version, 422 for the rest."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise HttpError(404, str(error)) from error
    except actions.Stale as error:
        raise HttpError(409, str(error)) from error
    except ValueError as error:
        raise HttpError(422, str(error)) from error
    except IntegrityError as error:
        raise HttpError(422, "it names a record that does not exist") from error
