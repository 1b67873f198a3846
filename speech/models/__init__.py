"""Speech models that an operator brought on a disk: added, listed, checked."""
