"""2026年11月22日 10:25"""

DATE_FORMAT = SHORT_DATE_FORMAT = "Y年n月j日"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "Y年n月j日 H:i"
MONTH_DAY_FORMAT = "n月j日"
YEAR_MONTH_FORMAT = "Y年n月"
TIME_FORMAT = "H:i"
# Not among Django's names: asked for by these.
DATETIME_SECONDS_FORMAT = "Y年n月j日 H:i:s"
DAY_TIME_FORMAT = "n月j日 H:i"
DAY_SECONDS_FORMAT = "n月j日 H:i:s"
MONTH_SHORT_FORMAT = "y年n月"
