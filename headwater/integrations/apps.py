from headwater.core.package import PackageConfig


class IntegrationsConfig(PackageConfig):
    name = "headwater.integrations"
    label = "integrations"
