"""What tests, benchmarks and the soak stand on; imports nothing of them."""
