from headwater.core.package import PackageConfig


class TimelineConfig(PackageConfig):
    name = "headwater.timeline"
    label = "timeline"
