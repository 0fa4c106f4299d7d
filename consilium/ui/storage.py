"""Static files as they are served: hashed, compressed, scripts and styles of a kind of page in one file."""

from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

from consilium.ui import bundles


class BundledStorage(CompressedManifestStaticFilesStorage):
    """Adds the bundles before everything is hashed."""

    def post_process(self, paths: dict[str, Any], dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """`collectstatic` calls this with all files that it copied."""
        if not dry_run:
            paths |= {name: (self, name) for name in self._join_all()}
        yield from super().post_process(paths, dry_run=dry_run, **options)

    def _join_all(self) -> Iterator[str]:
        for bundle in bundles.names():
            for part in bundles.SUFFIX:
                name = bundles.joined_path(bundle, part)
                self.delete(name)
                yield self.save(name, ContentFile(bundles.join(bundle, part, self._text).encode()))

    def _text(self, name: str) -> str:
        with self.open(name) as file:
            return str(file.read().decode())
