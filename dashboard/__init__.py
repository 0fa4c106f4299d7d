"""Home pages, dashboards, demo, commands that touch several apps: the only room that imports every app."""
