"""The product's addresses with the design page in a fixed place, so that these tests stand alone."""

from django.urls import path

from consilium.site import design_system
from consilium.urls import urlpatterns as product

urlpatterns = [path("design-page/", design_system.show, name="design-page"), *product]
