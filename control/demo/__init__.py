"""Two small containers under visible load, for somebody's first look. Nothing else uses them."""
