"""How requests reach the application: gunicorn, and a worker in which no slow stranger holds a thread."""
