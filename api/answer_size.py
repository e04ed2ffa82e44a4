"""How large an answer may be where it is given."""

from wsgiref.types import WSGIEnvironment

# A Lambda function may answer a load balancer with 1 MB, others with 6 MB, of JSON in which the answer is a
# string: written so, each of its bytes takes up to three.
LOAD_BALANCER_BYTES = 330_000
LAMBDA_BYTES = 2_000_000
SERVER_BYTES = 4_000_000


def room(environ: WSGIEnvironment) -> int:
    """The bytes that the answer to a request may have."""
    event = environ.get("awsgi.event")
    if event is None:
        return SERVER_BYTES
    return LOAD_BALANCER_BYTES if "elb" in event["requestContext"] else LAMBDA_BYTES
