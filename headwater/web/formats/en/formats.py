"""22 Nov 2026, 10:25: the same for readers of any country, and the day never taken for the month."""

DATE_FORMAT = SHORT_DATE_FORMAT = "j M Y"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "j M Y, H:i"
MONTH_DAY_FORMAT = "j M"
YEAR_MONTH_FORMAT = "F Y"
TIME_FORMAT = "H:i"
# Not among Django's names: asked for by these.
DATETIME_SECONDS_FORMAT = "j M Y, H:i:s"
DAY_TIME_FORMAT = "j M, H:i"
DAY_SECONDS_FORMAT = "j M, H:i:s"
MONTH_SHORT_FORMAT = "M y"
