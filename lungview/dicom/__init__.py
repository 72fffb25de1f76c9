"""Find DICOM files, group them into series and stacks, and assemble volumes. Knows no annotation and no window."""
