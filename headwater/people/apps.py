from headwater.core.package import PackageConfig


class PeopleConfig(PackageConfig):
    name = "headwater.people"
    label = "people"
