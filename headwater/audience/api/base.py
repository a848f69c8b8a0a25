"""The router, and how refusals of actions become answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from django.core.exceptions import ObjectDoesNotExist
from ninja import Router
from ninja.errors import HttpError
from pydantic import StringConstraints

from .. import actions

router = Router(tags=["audience"])

#: What people call something: blanks around it do not count, and blanks alone are no name
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


@contextmanager
def refusals() -> Iterator[None]:
    """404 for what is not there, 409 for what others use, 422 with paths for a condition that cannot be."""
    try:
        yield
    except ObjectDoesNotExist as error:
        raise HttpError(404, str(error)) from error
    except actions.InUse as error:
        raise HttpError(409, str(error)) from error
    except ValueError as error:  # ConditionError is one: its text names each path
        raise HttpError(422, str(error)) from error
