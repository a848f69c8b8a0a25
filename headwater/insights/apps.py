from headwater.core.package import PackageConfig


class InsightsConfig(PackageConfig):
    name = "headwater.insights"
    label = "insights"
