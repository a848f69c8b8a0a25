"""2026년 11월 22일 10:25"""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y년 n월 j일"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y년 n월 j일 H:i"
MONTH_DAY_FORMAT = "n월 j일"
YEAR_MONTH_FORMAT = "Y년 n월"
TIME_FORMAT = "H:i"
# Not among Django's names: asked for by these.
DATETIME_SECONDS_FORMAT = "Y년 n월 j일 H:i:s"
DAY_TIME_FORMAT = "n월 j일 H:i"
DAY_SECONDS_FORMAT = "n월 j일 H:i:s"
MONTH_SHORT_FORMAT = "y년 n월"
