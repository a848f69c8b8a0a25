from headwater.core.package import PackageConfig


class AudienceConfig(PackageConfig):
    name = "headwater.audience"
    label = "audience"
