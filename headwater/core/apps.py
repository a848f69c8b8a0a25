from headwater.core.package import PackageConfig


class CoreConfig(PackageConfig):
    name = "headwater.core"
    label = "core"

    def ready(self) -> None:
        from headwater.core import arrays, lookups, moments

        arrays.install()
        lookups.install()
        moments.install()
        super().ready()
