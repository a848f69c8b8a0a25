"""After the soak: every row is compared with what the oracle says. Each finding is one line."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from . import oracle
from .oracle import Edit, Left, Passage, Row
from .stage import Stage
from .ways import Walker

#: Facts that the soak's people may have and the oracle does not count one by one
LOOSE = {"mail.repeated"}
#: What a worker may not say, whatever was killed
WRONG = re.compile(r"loop_failed|reaction_failed|step_failed|fact_parked|lane_goes_fact_by_fact|worker_process_failed")


@dataclass
class Cast:
    """Who takes part: people by id, and the three journeys."""

    people: dict[int, Walker]
    main: int
    sub: int
    member: int
    #: version number of the main journey -> its variant
    variants: dict[int, str]


class Verdict:
    """Findings and figures. `findings` is empty where all is well."""

    def __init__(self, stage: Stage, cast: Cast) -> None:
        self.stage, self.cast = stage, cast
        self.findings: list[str] = []
        self.figures: dict[str, Any] = {}

    def all(self) -> None:
        self._calm()
        passages = self._passages()
        left = self._ways(passages)
        self._facts(left)
        self._mails(left)
        self._people(left)
        self._counts()
        self._log()
        self._words()

    def say(self, lines: Iterable[str], what: str) -> None:
        """Note findings: the first few in full, the rest as a number."""
        found = list(lines)
        self.findings += [f"{what}: {line}" for line in found[:10]]
        if len(found) > 10:
            self.findings.append(f"{what}: ... {len(found)} in all")

    # -- nothing is left to do -----------------------------------------------------------------------------------
    def _calm(self) -> None:
        for what, query in CALM.items():
            ((n,),) = self.stage.ask(query)
            if n:
                self.findings.append(f"left over: {n} {what}")

    # -- the way of each -----------------------------------------------------------------------------------------
    def _passages(self) -> dict[int, dict[int, list[Passage]]]:
        """person -> journey -> passages."""
        log: dict[tuple[int, int], list[Row]] = defaultdict(list)
        columns = "person_id, passage_id, hop, step, since, outcome, reason"
        rows = self.stage.ask(f"SELECT {columns} FROM journeys_passagelog ORDER BY 1, 2, 3")
        for person, passage, hop, step, since, outcome, reason in rows:
            log[person, passage].append(Row(hop, step, since, outcome, reason))
        entered = {
            (person, int(passage)): int(version)
            for person, passage, version in self.stage.ask(
                "SELECT person_id, data->>'passage', data->>'version' FROM timeline_fact WHERE kind = 'journey.entered'"
            )
        }
        out: dict[int, dict[int, list[Passage]]] = defaultdict(lambda: defaultdict(list))
        for person, pk, journey, version, state, outcome, step, hops in self.stage.ask(
            "SELECT p.person_id, p.id, p.journey_id, v.number, p.state, p.outcome, p.step, p.hops "
            "FROM journeys_passage p JOIN journeys_journeyversion v ON v.id = p.version_id"
        ):
            first = entered.get((person, pk), 0)
            out[person][journey].append(
                Passage(person, pk, first, version, state, outcome, step, hops, log[person, pk])
            )
        self.figures["passages"] = sum(len(x) for one in out.values() for x in one.values())
        self.figures["steps"] = sum(map(len, log.values()))
        self.figures["moved"] = sum(row.outcome == "moved" for rows in log.values() for row in rows)
        return out

    def _ways(self, passages: dict[int, dict[int, list[Passage]]]) -> dict[int, Left]:
        edits = self._edits()
        wrong: list[str] = []
        left: dict[int, Left] = {}
        for person, who in self.cast.people.items():
            mine = passages.get(person, {})
            mains, subs = mine.get(self.cast.main, []), mine.get(self.cast.sub, [])
            members = mine.get(self.cast.member, [])
            want = (1, 0 if who.closes else 1, 1 if oracle.member(who) else 0)
            if (len(mains), len(subs), len(members)) != want:
                wrong.append(f"{who} has passages {(len(mains), len(subs), len(members))}, expected {want}")
                continue
            says = [oracle.main_way(mains[0], who, edits)]
            says += [oracle.sub_way(p, who) for p in subs] + [oracle.member_way(p) for p in members]
            wrong += [f"person {person} {who}: {one}" for one in says if one]
            left[person] = oracle.left_by(who, mains[0], subs[0] if subs else None)
        self.say(wrong, "way")
        return left

    def _edits(self) -> dict[int, Edit]:
        moves = self.stage.ask(
            "SELECT v.number, m.done_at, lead(m.begun_at) OVER (ORDER BY m.id) FROM journeys_versionmove m "
            "JOIN journeys_journeyversion v ON v.id = m.version_id WHERE m.journey_id = %s ORDER BY m.id",
            self.cast.main,
        )
        done = {number: at for number, at, following in moves if at != following}
        return {n: Edit(n, variant, done.get(n)) for n, variant in self.cast.variants.items()}

    # -- what the ways left behind -------------------------------------------------------------------------------
    def _facts(self, left: dict[int, Left]) -> None:
        have: dict[int, Counter[str]] = defaultdict(Counter)
        for person, kind, n in self.stage.ask("SELECT person_id, kind, count(*) FROM timeline_fact GROUP BY 1, 2"):
            if kind not in LOOSE:
                have[person][kind] = n
        self.figures["facts"] = sum(sum(c.values()) for c in have.values())
        self.say(
            (
                f"person {p}: too many {dict(have[p] - one.facts)}, missing {dict(one.facts - have[p])}"
                for p, one in left.items()
                if have[p] != one.facts
            ),
            "facts",
        )
        self.say((f"of nobody: {p}" for p in set(have) - set(self.cast.people)), "facts")

    def _mails(self, left: dict[int, Left]) -> None:
        have: dict[int, Counter[tuple[str, str]]] = defaultdict(Counter)
        told = "SELECT data->>'message', count(*) FROM timeline_fact WHERE kind = 'mail.repeated' GROUP BY 1"
        repeated = dict(self.stage.ask(told))
        wire, wrong = dict(self.stage.letters.got), []
        total: Counter[str] = Counter()
        for person, pk, key, status, reason, header, uncertain, attempts in self.stage.ask(
            "SELECT person_id, id::text, key, status, reason, header_id, uncertain, attempts FROM messaging_message"
        ):
            have[person][key, reason] += 1
            arrived = wire.pop(header, 0)
            total[status] += 1
            total["uncertain"] += uncertain
            total["arrived"] += arrived
            total["arrived_again"] += max(0, arrived - 1)
            if status == "refused":
                wrong += [f"{key}: refused and sent"] if arrived else []
                continue
            said = repeated.get(pk, 0)
            if status != "sent" or arrived < 1 or (arrived > 1 and not uncertain):
                wrong.append(f"{key}: {status}, uncertain {uncertain}, arrived {arrived} times")
            if bool(said) != uncertain or arrived > 1 + said or attempts < arrived:
                wrong.append(f"{key}: arrived {arrived} times, said {said} times, {attempts} attempts")
        wrong += [f"of no message: {header}" for header in wire]
        wrong += [f"person {p}: {have[p]}, expected {one.mails}" for p, one in left.items() if have[p] != one.mails]
        self.say(wrong, "mail")
        self.figures["mails"] = dict(total)

    def _people(self, left: dict[int, Left]) -> None:
        tags = dict(self.stage.ask("SELECT id, tags FROM people_contact"))
        points = dict(self.stage.ask("SELECT person_id, sum(points) FROM audience_scoreentry GROUP BY 1"))
        scores = dict(self.stage.ask("SELECT person_id, points FROM audience_personscore"))
        tasks = dict(self.stage.ask("SELECT contact_id, count(*) FROM teamwork_task GROUP BY 1"))
        members = {p for (p,) in self.stage.ask("SELECT person_id FROM audience_segmentmember")}
        wrong = []
        for p, one in left.items():
            have = (set(tags[p]), len(tags[p]), points.get(p, 0), scores.get(p, 0), tasks.get(p, 0), p in members)
            want = (one.tags, len(one.tags), one.points, one.points, one.tasks, oracle.member(self.cast.people[p]))
            if have != want:
                wrong.append(f"person {p}: tags, points, ledger, tasks, member {have}, expected {want}")
        self.say(wrong, "person")

    # -- counters and the log ------------------------------------------------------------------------------------
    def _counts(self) -> None:
        for what, query in COUNTS.items():
            self.say((str(row) for row in self.stage.ask(query)), what)

    def _log(self) -> None:
        for what, query in LOG.items():
            self.say((str(row) for row in self.stage.ask(query)), what)

    def _words(self) -> None:
        """What the workers said."""
        for worker in self.stage.workers:
            lines = worker.log.read_text(errors="replace").splitlines()
            self.say((line for line in lines if WRONG.search(line)), f"worker {worker.number}")


CALM = {
    "facts unread": "SELECT coalesce(sum(l.head - p.seq), 0) FROM timeline_laneposition p "
    "JOIN timeline_lane l USING (lane_key)",
    "parked facts": "SELECT count(*) FROM timeline_parked",
    "held facts": "SELECT count(*) FROM timeline_heldfact",
    "due rows": "SELECT count(*) FROM journeys_due",
    "rows in the outbox": "SELECT count(*) FROM messaging_outbox",
    "open passages": "SELECT count(*) FROM journeys_passage WHERE state IN ('active', 'waiting', 'held', 'stuck')",
    "failed steps": "SELECT coalesce(sum(n), 0) FROM journeys_stepcount WHERE what = 'failed'",
    "moves under way": "SELECT count(*) FROM journeys_versionmove WHERE done_at IS NULL",
    "due re-tests": "SELECT count(*) FROM audience_segmentretest",
}
ROWS = "SELECT step, outcome, count(*) AS n FROM journeys_passagelog GROUP BY 1, 2"
SUMS = "SELECT version_id, step, what, sum(n) AS n FROM journeys_stepcount GROUP BY 1, 2, 3"
COUNTS = {
    "came and went, by version": "SELECT version_id, step, sum(n) FILTER (WHERE what = 'entered') AS came, "
    f"sum(n) FILTER (WHERE what IN ('done', 'left')) AS went FROM ({SUMS}) s GROUP BY 1, 2 "
    "HAVING sum(n) FILTER (WHERE what = 'entered') IS DISTINCT FROM sum(n) FILTER (WHERE what IN ('done', 'left'))",
    "done, by step": "SELECT step, c.n AS counted, r.n AS rows FROM "
    f"(SELECT step, sum(n) AS n FROM ({SUMS}) s WHERE what = 'done' GROUP BY 1) c FULL JOIN "
    f"(SELECT step, sum(n) AS n FROM ({ROWS}) r WHERE outcome NOT IN ('moved', 'exit', 'goal') GROUP BY 1) r "
    "USING (step) WHERE c.n IS DISTINCT FROM r.n",
    "arms": f"SELECT * FROM (SELECT step, substr(what, 5) AS outcome, sum(n) AS n FROM ({SUMS}) s "
    f"WHERE what LIKE 'arm:%' GROUP BY 1, 2) c LEFT JOIN ({ROWS}) r USING (step, outcome) "
    "WHERE c.n IS DISTINCT FROM r.n",
    "days": "SELECT * FROM (SELECT journey_id, what, sum(n) AS n FROM journeys_daycount GROUP BY 1, 2) d FULL JOIN "
    "(SELECT journey_id, 'entered' AS what, count(*) AS n FROM journeys_passage GROUP BY 1 UNION ALL "
    "SELECT journey_id, state, count(*) FROM journeys_passage GROUP BY 1, 2) p USING (journey_id, what) "
    "WHERE d.n IS DISTINCT FROM p.n",
}
LOG = {
    "places of the lanes taken twice": "SELECT l.lane_key, f.seq, count(*) FROM timeline_fact f "
    "JOIN timeline_lanelog l ON l.person_id = f.person_id AND l.id = f.id AND l.seq = f.seq GROUP BY 1, 2 "
    "HAVING count(*) > 1",
    "facts without a place in their lane": "SELECT f.person_id, f.kind, f.at FROM timeline_fact f "
    "LEFT JOIN timeline_lanelog l ON l.person_id = f.person_id AND l.id = f.id AND l.seq = f.seq "
    "WHERE l.seq IS NULL AND f.recorded_at > (SELECT max(recorded_at) - interval '50 minutes' FROM timeline_fact)",
    "places beyond the head": "SELECT g.lane_key, max(g.seq), l.head FROM timeline_lanelog g "
    "JOIN timeline_lane l USING (lane_key) GROUP BY 1, 3 HAVING max(g.seq) > l.head",
}
