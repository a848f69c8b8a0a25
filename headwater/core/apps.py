from headwater.core.package import PackageConfig


class CoreConfig(PackageConfig):
    name = "headwater.core"
    label = "core"
