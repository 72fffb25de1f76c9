"""A synthetic chest with lesions, written as a DICOM series and XML in the dataset's layout."""
