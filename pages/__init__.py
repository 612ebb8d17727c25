"""What a person sees. `portal.py` frames every page."""
