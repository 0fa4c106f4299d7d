"""The demo study: real images, a synthetic teaching set, seven people, every screen with something to show."""
