from headwater.core.package import PackageConfig


class ContentConfig(PackageConfig):
    name = "headwater.content"
    label = "content"
