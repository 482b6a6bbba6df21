"""One call over the network, however many attempts it takes."""
