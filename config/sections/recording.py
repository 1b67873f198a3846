"""`recording`: recordings of calls."""

from config.section import Section


class RecordingSettings(Section):
    """Recordings of calls."""

    calls: bool = False
    """True: record whole calls. The survey's notice must say so."""
