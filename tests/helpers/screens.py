"""The sizes of screens that pages are looked at on."""

DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
