"""The site, from the notebooks' `pages` through Sphinx's `markup` to `finished` pages and `books`."""
