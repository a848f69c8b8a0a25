"""How many came to the goal by each way was asked of the whole log at each look; it is counted as it happens."""

from django.db import migrations

from headwater.core.lanes import LANE_KEYS

#: Any lane will do: who reads adds them up
COUNT = f"""
INSERT INTO journeys_stepcount (lane_key, version_id, step, what, n)
SELECT {min(LANE_KEYS)}, version_id, step, 'goal:' || outcome, count(*)
FROM (SELECT DISTINCT p.version_id, s.person_id, s.passage_id, u.step, u.outcome FROM journeys_passage p
    JOIN journeys_stretch s ON s.person_id = p.person_id AND s.passage_id = p.id
    CROSS JOIN LATERAL unnest(s.steps, s.outcomes) AS u(step, outcome)
    WHERE p.outcome = 'goal' AND p.ended_at IS NOT NULL) taken
GROUP BY version_id, step, outcome
"""


class Migration(migrations.Migration):
    dependencies = [("journeys", "0007_steps_in_stretches")]

    operations = [migrations.RunSQL(COUNT, "DELETE FROM journeys_stepcount WHERE what LIKE 'goal:%'")]
