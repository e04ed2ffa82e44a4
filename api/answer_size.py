"""How large an answer may be where it is given."""

from wsgiref.types import WSGIEnvironment

# Behind a load balancer a Lambda function may answer with 1 MB, elsewhere with 6 MB, of JSON in which the
# answer is a string: that takes up to half as much again.
LOAD_BALANCER_BYTES = 650_000
OTHER_BYTES = 4_000_000


def room(environ: WSGIEnvironment) -> int:
    """The bytes that the answer to a request may have."""
    context = environ.get("awsgi.event", {}).get("requestContext", {})
    return LOAD_BALANCER_BYTES if "elb" in context else OTHER_BYTES
