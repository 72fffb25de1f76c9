"""LungView: a chest CT viewer that draws predicted lesion boxes beside the readers' own."""
