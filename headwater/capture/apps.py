from headwater.core.package import PackageConfig


class CaptureConfig(PackageConfig):
    name = "headwater.capture"
    label = "capture"
