"""Speech recognition: Vosk in processes of its own, or a vosk-server elsewhere."""
