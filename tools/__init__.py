"""What is run around the product: the servers without Docker, the calendars' tables."""
