"""However slow reactions are, intake is not: it takes events while every lane is held."""

from __future__ import annotations

import psycopg

from headwater.capture import sequencer

from .conftest import Database, Server
from .test_collect import PAGE, fresh


def test_events_are_taken_while_all_lanes_are_held(committed: Database, server: Server) -> None:
    committed.rows("DELETE FROM capture_intake")
    _, site = committed.site()
    fresh(server, site)
    committed.rows("DELETE FROM capture_intake")
    with psycopg.connect(committed.url) as reaction:
        reaction.execute("SELECT 1 FROM timeline_lane ORDER BY lane_key FOR UPDATE")
        reaction.execute("SELECT 1 FROM timeline_laneposition ORDER BY lane_key FOR UPDATE")
        reaction.execute("SELECT 1 FROM capture_intakelane ORDER BY lane_key FOR UPDATE")  # and the sequencer's
        for number in range(50):
            answer = server.post(site, PAGE | {"id": f"held-{number}"}, visitor=f"visitor-held-{number % 5}")
            assert (answer.status, answer.json) == (202, {"accepted": 1})
        assert committed.rows("SELECT count(*) FROM capture_intake") == [(50,)]
        assert sequencer.run_once() == 0  # it does not wait either
    while sequencer.run_once():
        pass
    assert committed.rows("SELECT count(*) FROM timeline_visitorfact WHERE data->>'path' = '/pricing'") == [(50,)]
