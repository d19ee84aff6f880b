"""A user's own data: arrays, folders of photos, and what is known about them, without a class of their own."""
