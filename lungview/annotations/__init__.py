"""Readers' boxes to and from Pascal VOC XML, linked to slices by SOP Instance UID."""
