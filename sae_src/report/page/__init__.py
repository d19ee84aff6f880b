"""What the page is made of: templates, a style, scripts."""
