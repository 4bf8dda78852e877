"""What a learner starts: copies of the notebooks, JupyterLab, Colab, the visible checks."""
