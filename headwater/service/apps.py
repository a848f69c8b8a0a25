from headwater.core.package import PackageConfig


class ServiceConfig(PackageConfig):
    name = "headwater.service"
    label = "service"
