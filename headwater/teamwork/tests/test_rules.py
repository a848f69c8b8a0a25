"""Mentions, note text, task buckets; no database."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from headwater.teamwork.rules import bucket, mentioned, next_morning, note_html

USERS = {1: ("Maria Silva", "maria@x.example"), 2: ("Rafael Costa", "rafael@x.example"), 3: ("Rafael Lee", "lee@x")}


@pytest.mark.parametrize(
    "body, who",
    [
        ("@maria look", [1]),
        ("ask @Maria Silva, @rafael costa.", [1, 2]),
        ("@Rafael is ambiguous", []),
        ("write to maria@x.example", []),
        ("@maria@x.example", [1]),
        ("@Mariana is somebody else", []),
    ],
)
def test_mentions_name_whom_they_can_only_mean(body: str, who: list[int]) -> None:
    assert mentioned(body, USERS) == who


@pytest.mark.parametrize(
    "body, shown",
    [
        ("a **b** *c*", "<p>a <strong>b</strong> <em>c</em></p>"),
        ("<script>x</script> & y", "<p>&lt;script&gt;x&lt;/script&gt; &amp; y</p>"),
        ("one\n\n- two\n- three", "<p>one</p><ul><li>two</li><li>three</li></ul>"),
        ("one\ntwo:\n- a\n- b\nend", "<p>one<br>two:</p><ul><li>a</li><li>b</li></ul><p>end</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        (
            "see https://x.example/a_b?c=1&d=*2*.",
            ('<p>see <a class="lnk" href="https://x.example/a_b?c=1&amp;d=*2*" rel="noopener nofollow" '
            'target="_blank">https://x.example/a_b?c=1&amp;d=*2*</a>.</p>'),
        ),
        ('https://x.example/"onclick="y', ('<p><a class="lnk" href="https://x.example/" rel="noopener nofollow" '
         'target="_blank">https://x.example/</a>"onclick="y</p>')),
        ("hi @maria", '<p>hi <span class="tw-at">@maria</span></p>'),
    ],
)  # fmt: skip
def test_a_notes_text_becomes_safe_html(body: str, shown: str) -> None:
    assert note_html(body) == shown


def test_a_task_is_due_today_where_its_reader_is() -> None:
    seoul, now = ZoneInfo("Asia/Seoul"), datetime(2026, 11, 2, 14, 0, tzinfo=UTC)  # 23:00 there
    assert bucket(datetime(2026, 11, 2, 13, 59, tzinfo=UTC), now, seoul) == "overdue"
    assert bucket(datetime(2026, 11, 2, 14, 30, tzinfo=UTC), now, seoul) == "today"
    assert bucket(datetime(2026, 11, 2, 15, 30, tzinfo=UTC), now, seoul) == "upcoming"
    assert bucket(None, now, seoul) == "someday"
    assert next_morning(now, seoul) == datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
