from headwater.core.package import PackageConfig


class JourneysConfig(PackageConfig):
    name = "headwater.journeys"
    label = "journeys"
