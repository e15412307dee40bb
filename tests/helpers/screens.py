"""Viewport sizes in which pages are tested."""

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
