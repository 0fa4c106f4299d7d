"""What gunicorn is told wherever it is started: `--config python:consilium.web_server.gunicorn_settings`.

Options of the command line (address, workers, threads) come on top.
"""

worker_class = "consilium.web_server.worker.WebWorker"
# Below the usual limit of 1,024 open files, with room for the database and the files that are served.
worker_connections = 500
backlog = 512
timeout = 60
graceful_timeout = 10
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# The scheme of the proxy is read by Django, and only where CONSILIUM_HTTPS says that there is a proxy.
forwarded_allow_ips = ""
control_socket_disable = True
loglevel = "warning"
