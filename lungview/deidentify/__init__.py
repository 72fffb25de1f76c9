"""De-identified copies of a case, by the Basic Profile of DICOM PS3.15 Annex E."""
