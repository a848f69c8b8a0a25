from headwater.core.package import PackageConfig


class TeamworkConfig(PackageConfig):
    name = "headwater.teamwork"
    label = "teamwork"
