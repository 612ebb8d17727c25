"""What the server does around Streamlit: cookies, addresses, health."""
