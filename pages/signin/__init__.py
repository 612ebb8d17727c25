"""The built-in sign-in service's own screens: plain HTML over HTTP, without Streamlit or scripts."""
