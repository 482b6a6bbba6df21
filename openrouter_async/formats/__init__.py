"""What models are told of Python types and functions, and how they answer."""
