"""gunicorn's settings for api.wsgi:app; environment: PORT, HOST, WEB_CONCURRENCY."""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
# A process a core. As many of its threads as answer at the same time each use a database connection.
workers = int(os.environ.get("WEB_CONCURRENCY", os.cpu_count() or 1))
threads = 8
worker_class = "gthread"
# Longer than a load balancer keeps an idle connection, so that it is never the server that hangs up first.
keepalive = 75
graceful_timeout = 10
# Heartbeats in memory: on a disk they can block a worker.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
# Nobody steers a running server; its path would be shared by all servers of one user.
control_socket_disable = True
