"""The demo study: real images, a teaching set, seven people, something to show on every screen."""
