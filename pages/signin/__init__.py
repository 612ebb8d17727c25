"""The built-in sign-in service's screens: plain HTML, without Streamlit or scripts."""
