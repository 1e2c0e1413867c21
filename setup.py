"""Packages of the wheel: `configs/` of the clone becomes `environments/configs`."""

from setuptools import find_namespace_packages, setup

PACKAGES = find_namespace_packages(include=["environments*", "world_fixtures*"])

setup(
    packages=[*PACKAGES, "environments.configs"],
    package_dir={"environments.configs": "configs"},
)
