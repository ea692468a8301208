"""From an authored source to notebooks, recordings and pictures."""
