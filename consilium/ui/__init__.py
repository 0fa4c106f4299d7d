"""How pages look: template tags of the design system, icons, state badges, charts drawn by the server."""
