from headwater.core.package import PackageConfig


class WebConfig(PackageConfig):
    name = "headwater.web"
    label = "web"
