"""Rows that are copied fail as rows that are inserted do."""

import psycopg
import pytest
from django.db import DataError, OperationalError, connection, transaction

from headwater.core.copying import copy_in

COPY = "COPY timeline_lane (lane_key, head) FROM STDIN"


@pytest.mark.django_db(transaction=True)
def test_a_session_that_ends_while_rows_are_copied_is_the_databases_fault(postgres: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (mine,) = cursor.fetchone()
    with psycopg.connect(postgres, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [mine])
    with pytest.raises(OperationalError):
        copy_in(COPY, "1000\t1\n")
    connection.close()


@pytest.mark.django_db
def test_rows_that_cannot_be_are_said_to_be_so() -> None:
    with pytest.raises(DataError), transaction.atomic():
        copy_in(COPY, "x\t1\n")
