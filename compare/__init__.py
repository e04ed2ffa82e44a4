"""Whether two services, or a service and our function, answer alike."""
