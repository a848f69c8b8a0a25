from django.utils.translation import gettext

from headwater.core.package import PackageConfig


class JourneysConfig(PackageConfig):
    name = "headwater.journeys"
    label = "journeys"

    def ready(self) -> None:
        from .rules.duration import RuleError

        super().ready()
        RuleError.say = staticmethod(gettext)
