"""What the portal does, one capability a file. Knows no Streamlit, draws nothing, commits nothing."""
