from headwater.core.package import PackageConfig


class CoreConfig(PackageConfig):
    name = "headwater.core"
    label = "core"

    def ready(self) -> None:
        from headwater.core import arrays, lookups, moments, statements

        arrays.install()
        lookups.install()
        statements.install()
        moments.install()
        super().ready()
