from headwater.core.package import PackageConfig


class SalesConfig(PackageConfig):
    name = "headwater.sales"
    label = "sales"
