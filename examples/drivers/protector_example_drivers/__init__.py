"""Example drivers: arrays that are directories of sparse files, and clouds that are JSON files."""

from protector_example_drivers.cloud import DirectoryCloud as DirectoryCloud
from protector_example_drivers.storage import SparseFiles as SparseFiles
