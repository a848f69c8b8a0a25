from headwater.core.package import PackageConfig


class AccountsConfig(PackageConfig):
    name = "headwater.accounts"
    label = "accounts"
