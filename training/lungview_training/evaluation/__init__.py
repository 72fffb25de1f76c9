"""A model measured on a folder of labelled scans: figures with intervals, and a report of them."""
