"""All addresses and those of the debug toolbar: `make dev` only."""

from debug_toolbar.toolbar import debug_toolbar_urls

from consilium.urls import handler500, urlpatterns

__all__ = ["handler500", "urlpatterns"]
urlpatterns = [*urlpatterns, *debug_toolbar_urls()]
