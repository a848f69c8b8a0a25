from headwater.core.package import PackageConfig


class MessagingConfig(PackageConfig):
    name = "headwater.messaging"
    label = "messaging"
